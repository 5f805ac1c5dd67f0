"""Drift against the span of the last blessed model, and skew between training and held-out rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tensorflow_metadata.proto.v0 import statistics_pb2

from components.checks import Bound, Check
from components.data_gate.declared import Declared
from components.data_gate.distances import (
    Distance,
    category_distance,
    length_distance,
    missing_distance,
    number_distance,
)
from components.data_gate.rules import DataRules
from transform import features as f
from transform.aggregates import Of, aggregates_of
from transform.features import Kind

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatistics
FeatureStatistics: TypeAlias = statistics_pb2.FeatureNameStatistics
BySplit = Mapping[str, Statistics]

HISTORY_LENGTH = "history_length"
# Ids of rows and what depends on their number, clocks, and what was sampled or is asked for.
_NEVER = frozenset(f.RESERVED_NAMES) - {f.HISTORY_ITEM_ID, f.HISTORY_EVENT_TYPE}
# Times move on by nature, and hardly two texts are equal: what counts is whether there is one.
_INCOMPARABLE = (Kind.TIME, Kind.TEXT)
# A feature is watched in the first of these splits that has it.
_WATCHED = (f.TRAIN, f.CATALOGUE, f.RANKING)


def check_drift(
    now: BySplit, before: BySplit, declared: Declared, rules: DataRules
) -> Iterator[Check]:
    """One check a feature: its distance to the earlier span.

    Watched are the histories (items, event types, length), the declared features and the
    aggregates; of texts and times how many are missing. A declared feature that no row has any more
    is as far away as can be; one that is new has nothing to be compared with.

    Args:
        now: Statistics of this run, by split.
        before: Statistics of the run whose model was blessed last.
        declared: What the rows are made by.
        rules: The bounds.
    """
    done: set[str] = set()
    for split in _WATCHED:
        ours, theirs = _Split.of(now, split), _Split.of(before, split)
        expected = {feature.name for feature in declared.features}
        names = theirs.watched(declared) & (ours.features.keys() | expected) - done
        done |= names
        for name in sorted(names):
            subject = f"{split}.{name}"
            bounds = (rules.category_drift, rules.number_drift)
            yield _check(subject, name, (ours, theirs), bounds, declared)
    # A ranking row shows the latest events of its user, a training window some of them.
    ours, theirs = _Split.of(now, f.RANKING), _Split.of(before, f.RANKING)
    if f.HISTORY_ITEM_ID in ours.features and f.HISTORY_ITEM_ID in theirs.features:
        items = (ours.features[f.HISTORY_ITEM_ID], theirs.features[f.HISTORY_ITEM_ID])
        distance = length_distance(*items, (ours.observations, theirs.observations))
        yield _held(rules.number_drift, distance, f"{f.RANKING}.{HISTORY_LENGTH}")


def check_skew(now: BySplit, declared: Declared, rules: DataRules) -> Iterator[Check]:
    """One check a feature: how far the requests of the test lie from those of the training.

    Only what a request has one of is compared: lists of candidates come from impressions in one
    split and are sampled in the other, and held-out histories are longer by design.
    """
    ours, theirs = _Split.of(now, f.EVAL), _Split.of(now, f.RANKING)
    names = ours.watched(declared) & theirs.watched(declared)
    for name in sorted(names):
        if ours.is_single(name) and theirs.is_single(name):
            subject = f"{f.EVAL}.{name}"
            bounds = (rules.category_skew, rules.number_skew)
            yield _check(subject, name, (ours, theirs), bounds, declared)


@dataclass(frozen=True)
class _Split:
    """Statistics of a split, by feature.

    Attributes:
        features: Name -> statistics.
        observations: Rows that say something of their own: rows of one user are alike.
    """

    features: dict[str, FeatureStatistics]
    observations: float

    @classmethod
    def of(cls, statistics: BySplit, split: str) -> _Split:
        dataset = statistics.get(split, Statistics())
        features = {".".join(feature.path.step): feature for feature in dataset.features}
        users = features.get(f.USER_ID)
        observations = dataset.num_examples if users is None else users.string_stats.unique
        return cls(features, float(observations))

    def watched(self, declared: Declared) -> set[str]:
        """Names of the features whose distribution says something."""
        # All requests of a day share the value: it says which days they are of.
        of_days = {x.name for x in aggregates_of(declared.aggregates, Of.ALL)}
        return self.features.keys() - _NEVER - of_days

    def is_single(self, name: str) -> bool:
        """Whether no row has several values of a feature."""
        feature = self.features[name]
        common = getattr(feature, feature.WhichOneof("stats")).common_stats
        return bool(common.max_num_values <= 1)


def _check(
    subject: str,
    name: str,
    splits: tuple[_Split, _Split],
    bounds: tuple[Bound, Bound],
    declared: Declared,
) -> Check:
    (ours, theirs), (category, number) = splits, bounds
    before = theirs.features[name]
    now = ours.features.get(name) or _nothing(before, ours)
    rows = (ours.observations, theirs.observations)
    if name in {x.name for x in declared.features if x.kind in _INCOMPARABLE}:
        return _held(category, missing_distance(now, before, rows), subject)
    if before.WhichOneof("stats") == "string_stats":
        return _held(category, category_distance(now, before, rows), subject)
    return _held(number, number_distance(now, before, rows), subject)


def _nothing(like: FeatureStatistics, split: _Split) -> FeatureStatistics:
    """Statistics of a feature that no row of a split has."""
    nothing = FeatureStatistics(path=like.path, type=like.type)
    kind = like.WhichOneof("stats")
    getattr(nothing, kind).common_stats.num_missing = max(1, int(split.observations))
    return nothing


def _held(bound: Bound, distance: Distance, subject: str) -> Check:
    """A distance against a bound; what chance explains is allowed on top."""
    upper = None if bound.upper is None else min(1.0, bound.upper + distance.noise)
    return bound.model_copy(update={"upper": upper}).check(distance.value, subject=subject)
