"""Quality of probabilities against binary labels, from histograms that add up.

A row of C candidates is a sample of all items that could have been candidates. Each candidate
counts 1 / (probability of being sampled), so that sums over samples estimate sums over all items:
a score can only be calibrated for the population that it speaks of. The order of the scores is
judged on the sample itself, where negatives are as hard as they were chosen to be.

Buckets are equally wide in the logarithm of the odds: 0.001 and 0.002 are as far apart as 0.5 and
0.67, which equally wide buckets of the probability would not tell apart for rare positives.

>>> h = histogram([1, 0, 0, 0], [0.8, 0.4, 0.2, 0.1], [1.0, 0.5, 0.5, 0.5])
>>> auc(h), round(calibration(h), 4), round(mean_label(h), 4)
(1.0, 2.2, 0.1429)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_BUCKETS_PER_UNIT = 64  # of log-odds
_LARGEST_LOG_ODDS = 16.0
# A probability of exactly 0 or 1 that is wrong costs this much, not infinity.
_SMALLEST = float(1.0 / (1.0 + np.exp(_LARGEST_LOG_ODDS)))


class Bucket(NamedTuple):
    """Sums over the candidates of one bucket of scores.

    Attributes:
        negatives: Candidates with label 0.
        positives: Candidates with label 1.
        weight: Sum of the weights.
        labels: Weighted sum of the labels.
        scores: Weighted sum of the scores.
        losses: Weighted sum of the log losses.
    """

    negatives: float = 0.0
    positives: float = 0.0
    weight: float = 0.0
    labels: float = 0.0
    scores: float = 0.0
    losses: float = 0.0


_BIN_FIELDS = [Bucket._fields.index(name) for name in ("weight", "labels", "scores")]

# Bucket number -> its sums; a higher number means higher scores.
Histogram = dict[int, Bucket]


def histogram(
    labels: npt.ArrayLike, scores: npt.ArrayLike, probabilities: npt.ArrayLike
) -> Histogram:
    """Histogram of candidates.

    A score that is no probability (NaN, below 0, above 1) makes every metric NaN, which no bound
    accepts: the model is withheld and the evaluation goes on.

    Args:
        labels: 0 or 1 [C].
        scores: Probabilities of label 1 [C].
        probabilities: Probability with which each candidate was sampled [C].

    Raises:
        ValueError: If a sampling probability is not above 0 and at most 1.
    """
    p = probabilities_or_nan(scores)
    y = np.where(np.isnan(p), np.nan, np.asarray(labels, np.float64))
    w = weights(probabilities)
    q = _clipped(p)
    log_odds = np.log(q) - np.log1p(-q)
    bucket = np.floor((log_odds + _LARGEST_LOG_ODDS) * _BUCKETS_PER_UNIT).astype(np.int64)
    losses = log_losses(y, q)
    numbers, index = np.unique(bucket, return_inverse=True)
    sums = [np.bincount(index, v) for v in (1.0 - y, y, w, w * y, w * p, w * losses)]
    return {
        int(number): Bucket(*map(float, values))
        for number, values in zip(numbers, np.stack(sums, axis=1), strict=True)
    }


def probabilities_or_nan(scores: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Scores, NaN where one is no probability."""
    p = np.asarray(scores, np.float64)
    return np.where((p >= 0.0) & (p <= 1.0), p, np.nan)


def weights(sampled: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """How many candidates each sampled one stands for.

    Raises:
        ValueError: If a sampling probability is not above 0 and at most 1.
    """
    probabilities = np.asarray(sampled, np.float64)
    good = (probabilities > 0.0) & (probabilities <= 1.0)
    if not good.all():
        raise ValueError(
            "A candidate's sampling probability must be above 0 and at most 1. "
            f"Received: {probabilities[~good][0]}. Look at `candidate_probability` in the rows."
        )
    return 1.0 / probabilities


def log_losses(
    labels: npt.NDArray[np.float64], scores: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """-log(probability given to what happened) of each candidate; NaN where a label is NaN."""
    q = _clipped(scores)
    return np.asarray(-(labels * np.log(q) + (1.0 - labels) * np.log1p(-q)))


def _clipped(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.clip(np.nan_to_num(scores), _SMALLEST, 1.0 - _SMALLEST)


def add(total: Histogram, part: Mapping[int, Bucket]) -> Histogram:
    """Adds a histogram to a total, in place; returns the total."""
    for number, bucket in part.items():
        known = total.get(number)
        total[number] = (
            bucket
            if known is None
            else Bucket(*(a + b for a, b in zip(known, bucket, strict=True)))
        )
    return total


def auc(of: Mapping[int, Bucket]) -> float:
    """Chance that a positive is scored above a negative; equal scores count half. NaN without."""
    buckets = [of[number] for number in sorted(of)]
    negatives = np.array([bucket.negatives for bucket in buckets])
    positives = np.array([bucket.positives for bucket in buckets])
    pairs = positives.sum() * negatives.sum()
    below = np.cumsum(negatives) - negatives / 2
    return float((positives * below).sum() / pairs) if pairs else math.nan


def mean_label(of: Mapping[int, Bucket]) -> float:
    """Weighted mean of the labels."""
    return _ratio(of, lambda b: b.labels, lambda b: b.weight)


def mean_prediction(of: Mapping[int, Bucket]) -> float:
    """Weighted mean of the scores."""
    return _ratio(of, lambda b: b.scores, lambda b: b.weight)


def calibration(of: Mapping[int, Bucket]) -> float:
    """Sum of the scores over sum of the labels: 1 is right, 2 promises twice what happens."""
    return _ratio(of, lambda b: b.scores, lambda b: b.labels)


def log_loss(of: Mapping[int, Bucket]) -> float:
    """Mean of -log(probability given to what happened), natural logarithm."""
    return _ratio(of, lambda b: b.losses, lambda b: b.weight)


def normalised_entropy(of: Mapping[int, Bucket]) -> float:
    """Log loss over that of always predicting the mean label: below 1 means that scores inform.

    Source: He et al., Practical Lessons from Predicting Clicks on Ads at Facebook, ADKDD 2014.
    NaN where all labels are alike.
    """
    q = mean_label(of)
    if not 0.0 < q < 1.0:
        return math.nan
    return log_loss(of) / -(q * math.log(q) + (1.0 - q) * math.log1p(-q))


class Bin(NamedTuple):
    """One bin of the reliability diagram: scores from `lower`, below `upper`, and weighted sums."""

    lower: float
    upper: float
    weight: float
    labels: float
    scores: float


def reliability(of: Mapping[int, Bucket], bins: int) -> list[Bin]:
    """Bins of rising score that promise about equally much; empty ones are left out.

    Bins of equal width, or with equally many candidates, would put nearly all that matters into
    one bin where positives are rare.
    """
    numbers = sorted(of)
    promised = np.array([of[number].scores for number in numbers])
    total = promised.sum()
    if not total > 0.0:  # nothing is promised, or not a number: one bin of everything
        total, promised = 1.0, np.zeros(len(numbers))
    middle = (np.cumsum(promised) - promised / 2) / total
    index = np.minimum((middle * bins).astype(np.int64), bins - 1)
    result = []
    for bin_number in np.unique(index):
        members = [numbers[i] for i in np.flatnonzero(index == bin_number)]
        sums = [math.fsum(of[n][field] for n in members) for field in _BIN_FIELDS]
        result.append(Bin(_lower_end(members[0]), _lower_end(members[-1] + 1), *sums))
    return result


def relative_ece(of: Mapping[int, Bucket], bins: int) -> float:
    """Expected calibration error over the mean label: how much is promised in the wrong place.

    The distance between the sums of scores and labels of each bin, summed up, over the sum of all
    labels: 0.1 means a tenth of all that happens. NaN where nothing happens.
    """
    labels = math.fsum(bucket.labels for bucket in of.values())
    gaps = math.fsum(abs(b.scores - b.labels) for b in reliability(of, bins))
    return gaps / labels if labels else math.nan


def ece(of: Mapping[int, Bucket], bins: int = 15) -> float:
    """Expected calibration error: mean distance of score and label over bins of equal width.

    Weighted by the candidates in each bin, so it is a difference of probabilities: where positives
    are rare it is small for every model, and `relative_ece` says more. A bucket belongs to the bin
    of its mean score. NaN without candidates.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017 (15 bins).
    """
    sums = np.array([[b.weight, b.labels, b.scores] for b in of.values()]).reshape(-1, 3)
    total = sums[:, 0].sum()
    if not total or not np.isfinite(sums).all():
        return math.nan
    mean_score = sums[:, 2] / sums[:, 0]
    index = np.minimum((mean_score * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(index, sums[:, 2] - sums[:, 1])
    return float(np.abs(gaps).sum() / total)


def _lower_end(number: int) -> float:
    """The lowest score of a bucket."""
    return 1.0 / (1.0 + math.exp(_LARGEST_LOG_ODDS - number / _BUCKETS_PER_UNIT))


def _ratio(
    of: Mapping[int, Bucket],
    numerator: Callable[[Bucket], float],
    denominator: Callable[[Bucket], float],
) -> float:
    """Ratio of two sums over buckets, exact in any order; NaN where the denominator is 0."""
    below = math.fsum(denominator(bucket) for bucket in of.values())
    return math.fsum(numerator(bucket) for bucket in of.values()) / below if below else math.nan
