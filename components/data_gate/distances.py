"""How far apart two samples of a feature are, from their statistics, and what chance explains.

TFDV's own comparators are not used for numbers: they compare histograms of ten equal widths between
minimum and maximum, so one extreme value moves every bin, and two samples of one heavy-tailed
distribution come out a third apart. Quantiles do not mind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import statistics_pb2

FeatureStatistics: TypeAlias = statistics_pb2.FeatureNameStatistics
Rows = tuple[float, float]
Floats = NDArray[np.float64]

_BINS = 10
# Chance alone exceeds the noise of a distance at most this often.
_RARE = 1e-4


@dataclass(frozen=True)
class Distance:
    """A distance in [0, 1].

    Attributes:
        value: The distance.
        noise: What two samples of these sizes from one distribution may well be apart.
    """

    value: float
    noise: float


def category_distance(now: FeatureStatistics, before: FeatureStatistics, rows: Rows) -> Distance:
    """L-infinity: by how much the share of any one value differs at most.

    Statistics hold the counts of the 1,000 most frequent values; a value that is not among them
    counts as absent. The noise is Hoeffding's bound, over all values.

    Args:
        now: Statistics of a string feature.
        before: The same feature before.
        rows: Independent observations on each side.
    """
    ours, theirs = _shares(now), _shares(before)
    values = ours.keys() | theirs.keys()
    value = max((abs(ours.get(v, 0.0) - theirs.get(v, 0.0)) for v in values), default=0.0)
    noise = math.sqrt(math.log(2 * max(1, len(values)) / _RARE) / 2 * _spread(rows))
    return Distance(value, min(1.0, noise))


def missing_distance(now: FeatureStatistics, before: FeatureStatistics, rows: Rows) -> Distance:
    """By how much the share of missing values differs, of which "" is one.

    The noise is Hoeffding's bound.

    Args:
        now: Statistics of a feature.
        before: The same feature before.
        rows: Independent observations on each side.
    """
    noise = math.sqrt(math.log(2 / _RARE) / 2 * _spread(rows))
    return Distance(abs(_missing(now) - _missing(before)), min(1.0, noise))


def number_distance(now: FeatureStatistics, before: FeatureStatistics, rows: Rows) -> Distance:
    """Jensen-Shannon divergence (base 2) over the tenths of the earlier sample.

    A missing value has a bin of its own. Of equal samples the divergence times 8 ln 2, over the
    sum of the reciprocal sizes, has a chi-squared distribution; its tail is bounded as by Laurent
    and Massart (Annals of Statistics 28, 2000, Lemma 1).

    Args:
        now: Statistics of a numeric feature.
        before: The same feature before.
        rows: Independent observations on each side.
    """
    first, second = _values(now), _values(before)
    # Without a value on one side, all that differs is the share of missing ones.
    cuts = second.cuts() if first.held and second.held else np.empty(0)
    return _divergence(first.masses(cuts), second.masses(cuts), rows)


def sample_distance(now: Floats, before: Floats, rows: Rows) -> Distance:
    """As `number_distance`, of the values themselves; NaN is a missing one."""
    ours, theirs = now[~np.isnan(now)], before[~np.isnan(before)]
    cuts = np.empty(0)
    if len(ours) and len(theirs):
        tenths = np.arange(1, _BINS) / _BINS
        cuts = np.unique(np.quantile(theirs, tenths, method="inverted_cdf"))
    return _divergence(_sample_masses(now, cuts), _sample_masses(before, cuts), rows)


def length_distance(now: FeatureStatistics, before: FeatureStatistics, rows: Rows) -> Distance:
    """As `number_distance`, of the number of values a row has.

    Lists are cut at a length that the settings name. Where it changed, those that reach the shorter
    one count as equally long.
    """
    first, second = _lengths(now), _lengths(before)
    cuts = np.empty(0)
    if first.held and second.held:
        cuts = second.cuts()
        cuts = cuts[cuts < min(first.at[-1], second.at[-1])]
    return _divergence(first.masses(cuts), second.masses(cuts), rows)


def _divergence(ours: Floats, theirs: Floats, rows: Rows) -> Distance:
    middle = (ours + theirs) / 2
    value = (_relative_entropy(ours, middle) + _relative_entropy(theirs, middle)) / 2
    freedom, tail = max(1, int(np.count_nonzero(middle)) - 1), -math.log(_RARE)
    chi_squared = freedom + 2 * math.sqrt(freedom * tail) + 2 * tail
    return Distance(value, min(1.0, chi_squared * _spread(rows) / (8 * math.log(2))))


def _sample_masses(values: Floats, cuts: Floats) -> Floats:
    """Shares up to each cut, above the last, and missing [cuts + 2]."""
    held = np.sort(values[~np.isnan(values)])
    ends = np.concatenate([[0], np.searchsorted(held, cuts, side="right"), [len(held)]])
    counts = np.append(np.diff(ends), len(values) - len(held))
    return counts / max(1, len(values))


def _relative_entropy(p: Floats, q: Floats) -> float:
    some = p > 0
    return float((p[some] * np.log2(p[some] / q[some])).sum())


def _spread(rows: Rows) -> float:
    return sum(1 / max(1.0, n) for n in rows)


def _shares(feature: FeatureStatistics) -> dict[str, float]:
    buckets = feature.string_stats.rank_histogram.buckets
    total = feature.string_stats.common_stats.tot_num_values
    return {bucket.label: bucket.sample_count / total for bucket in buckets} if total else {}


def _missing(feature: FeatureStatistics) -> float:
    """Share of the values that are missing or ""; 1 of a feature without any."""
    common = getattr(feature, feature.WhichOneof("stats")).common_stats
    empty = _shares(feature).get("", 0.0) * common.tot_num_values
    total = common.num_missing + common.tot_num_values
    return float((common.num_missing + empty) / total) if total else 1.0


@dataclass(frozen=True)
class _Values:
    """Values of a sample as a distribution function: `below[i]` of them are at most `at[i]`."""

    at: Floats
    below: Floats
    missing: float

    @property
    def held(self) -> bool:
        """Whether there is any value."""
        return len(self.at) > 0

    def cuts(self) -> Floats:
        """Tenths of the values; fewer where values repeat."""
        tenths = np.arange(1, _BINS) / _BINS * self.below[-1]
        return np.unique(self.at[np.searchsorted(self.below, tenths - 1e-9)])

    def masses(self, cuts: Floats) -> Floats:
        """Shares up to each cut, above the last, and missing [cuts + 2]."""
        count = self.below[-1] if self.held else 0.0
        below = np.array([self._at_most(cut) for cut in cuts])
        counts = np.diff(np.concatenate([[0.0], below, [count]]))
        return np.append(counts, self.missing) / max(1.0, count + self.missing)

    def _at_most(self, value: float) -> float:
        place = int(np.searchsorted(self.at, value, side="right")) - 1
        if place < 0:
            return 0.0
        if place == len(self.at) - 1:
            return float(self.below[-1])
        step = (value - self.at[place]) / (self.at[place + 1] - self.at[place])
        return float(self.below[place] + step * (self.below[place + 1] - self.below[place]))


def _values(feature: FeatureStatistics) -> _Values:
    common = feature.num_stats.common_stats
    histograms = feature.num_stats.histograms
    quantiles = [h for h in histograms if h.type == statistics_pb2.Histogram.QUANTILES]
    nan = sum(h.num_nan for h in quantiles)
    return _distribution(quantiles, float(common.num_missing + nan))


def _lengths(feature: FeatureStatistics) -> _Values:
    common = feature.string_stats.common_stats
    return _distribution([common.num_values_histogram], float(common.num_missing))


def _distribution(histograms: list[statistics_pb2.Histogram], missing: float) -> _Values:
    buckets = [bucket for histogram in histograms for bucket in histogram.buckets]
    if not buckets:
        return _Values(np.empty(0), np.empty(0), missing)
    counts = np.cumsum([bucket.sample_count for bucket in buckets])
    at = np.array([buckets[0].low_value, *(bucket.high_value for bucket in buckets)])
    return _Values(at, np.concatenate([[0.0], counts]), missing)
