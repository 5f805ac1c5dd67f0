"""The schema of the raw examples, from the declared features.

One schema covers all splits, whose rows are of different kinds: so every feature is optional in it,
and `required_keys` says what each split must have (DataGate holds it to that). Values that a row
lacks read as "", 0 or, for numbers, NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from transform import features as f
from transform.aggregates import Aggregate, Of, aggregates_of
from transform.features import Feature, Kind

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatistics

_BYTES: int = schema_pb2.BYTES
_INT: int = schema_pb2.INT
_FLOAT: int = schema_pb2.FLOAT
_SCALARS = {
    f.USER_ID: _BYTES,
    f.REQUEST_TIME: _INT,
    f.TARGET_ITEM_ID: _BYTES,
    **dict.fromkeys(f.SLICES, _BYTES),
    f.IS_REPEAT: _BYTES,
    f.ITEM_ID: _BYTES,
    f.ITEM_COUNT: _INT,
    f.ITEM_AVAILABLE_FROM: _INT,
    f.ITEM_AVAILABLE_TO: _INT,
}
_LISTS = {
    f.HISTORY_ITEM_ID: _BYTES,
    f.HISTORY_EVENT_TYPE: _BYTES,
    f.HISTORY_TIME: _INT,
    f.CANDIDATE_ITEM_ID: _BYTES,
    f.LABEL: _FLOAT,
    f.CANDIDATE_PROBABILITY: _FLOAT,
}
_QUERY_KEYS = (
    f.USER_ID,
    f.REQUEST_TIME,
    f.HISTORY_ITEM_ID,
    f.HISTORY_EVENT_TYPE,
    f.HISTORY_TIME,
)
_CANDIDATE_KEYS = (f.CANDIDATE_ITEM_ID, f.LABEL, f.CANDIDATE_PROBABILITY)
_HELD_OUT_KEYS = (f.TARGET_ITEM_ID, *f.SLICES, f.IS_REPEAT)
_SHOWN_KEYS = tuple(name for name in f.SLICES if name not in f.TARGET_SLICES)

# A string column with at most this many values has a domain.
_MAX_DOMAIN = 100
# Of the values of a split, this share must be in the domain: new ones turn up, floods do not.
_MIN_DOMAIN_MASS = 0.9


def required_keys(
    split: str, features: Sequence[Feature], aggregates: Sequence[Aggregate] = ()
) -> tuple[str, ...]:
    """Keys that every row of a split has; a number or time may be missing from a row."""
    if split == f.CATALOGUE:
        keys: tuple[str, ...] = (f.ITEM_ID, f.ITEM_COUNT)
        keys += tuple(aggregate.name for aggregate in aggregates_of(aggregates, Of.ITEM))
        declared = f.candidate_features(features)
    else:
        keys = _QUERY_KEYS
        declared = f.query_features(features)
        if split != f.TRAIN:
            keys += (*_CANDIDATE_KEYS, *(aggregate.name for aggregate in aggregates))
        if split in (f.VALIDATION, f.EVAL):
            keys += _HELD_OUT_KEYS
        if split in f.SHOWN.values():
            keys += _SHOWN_KEYS
    return keys + tuple(feature.name for feature in declared if not feature.is_numeric)


def build_schema(
    features: Sequence[Feature],
    statistics: Mapping[str, Statistics],
    aggregates: Sequence[Aggregate] = (),
    labels: Sequence[str] = (),
) -> schema_pb2.Schema:
    """Declares types, shapes, defaults and domains.

    Args:
        features: Declared features.
        statistics: Statistics by split. Domains come from `train` and `catalogue`, the rows that
            models learn from; the other splits are then held against them.
        aggregates: Declared aggregates.
        labels: Event types with a label of their own.
    """
    schema = schema_pb2.Schema()
    for name, kind in _SCALARS.items():
        _add_scalar(schema, name, kind)
    for name, kind in _LISTS.items():
        _add_list(schema, name, kind)
    for feature in features:
        _add_scalar(schema, feature.name, _type_of(feature))
    for aggregate in aggregates:
        _add_aggregate(schema, aggregate)
    label_keys = [f.label_key(event_type) for event_type in labels]
    for name in label_keys:
        _add_list(schema, name, _FLOAT)
    _bound(schema, [f.LABEL, f.CANDIDATE_PROBABILITY, *label_keys])
    learned = [statistics[split] for split in (f.TRAIN, f.CATALOGUE) if split in statistics]
    names = {f.HISTORY_EVENT_TYPE} | {
        feature.name
        for feature in features
        if feature.kind is Kind.CATEGORY and feature.separator is None
    }
    _add_domains(schema, names, learned)
    return schema


def _type_of(feature: Feature) -> int:
    if feature.kind is Kind.NUMBER:
        return _FLOAT
    return _INT if feature.kind is Kind.TIME else _BYTES


def _add_scalar(schema: schema_pb2.Schema, name: str, kind: int) -> None:
    """A dense tensor of shape [batch]; what a row lacks gets a default."""
    feature = schema.feature.add(name=name, type=kind)
    feature.value_count.min = feature.value_count.max = 1
    dense = schema.tensor_representation_group[""].tensor_representation[name].dense_tensor
    dense.column_name = name
    dense.shape.SetInParent()
    if kind == _BYTES:
        dense.default_value.bytes_value = b""
    elif kind == _INT:
        dense.default_value.int_value = 0
    else:
        dense.default_value.float_value = math.nan


def _add_list(schema: schema_pb2.Schema, name: str, kind: int) -> None:
    """A ragged tensor of shape [batch, None]; a row that lacks it has an empty list."""
    schema.feature.add(name=name, type=kind)
    ragged = schema.tensor_representation_group[""].tensor_representation[name].ragged_tensor
    ragged.feature_path.step.append(name)


def _add_aggregate(schema: schema_pb2.Schema, aggregate: Aggregate) -> None:
    """A number for a request, or one for each candidate (in a catalogue row, for the item)."""
    if aggregate.of in (Of.USER, Of.ALL):
        _add_scalar(schema, aggregate.name, _FLOAT)
        return
    _add_list(schema, aggregate.name, _FLOAT)
    if aggregate.of is Of.USER_CATEGORY:
        _add_list(schema, aggregate.key_name, _BYTES)
        _add_list(schema, aggregate.value_name, _FLOAT)


def _bound(schema: schema_pb2.Schema, probabilities: Sequence[str]) -> None:
    """Domains that follow from what the keys mean."""
    by_name = {feature.name: feature for feature in schema.feature}
    for name in probabilities:
        domain = by_name[name].float_domain
        domain.min, domain.max, domain.disallow_nan = 0.0, 1.0, True
    by_name[f.ITEM_COUNT].int_domain.min = 0
    for name, values in {**f.SLICES, f.IS_REPEAT: ("0", "1")}.items():
        by_name[name].string_domain.value.extend(values)


def _add_domains(schema: schema_pb2.Schema, names: set[str], learned: Sequence[Statistics]) -> None:
    """Domains of string columns with few values, as the training rows show them."""
    by_name = {feature.name: feature for feature in schema.feature}
    for dataset in learned:
        for seen in dataset.features:
            (name,) = seen.path.step
            strings = seen.string_stats
            if name in names and 0 < strings.unique <= _MAX_DOMAIN:
                values = (bucket.label for bucket in strings.rank_histogram.buckets)
                by_name[name].string_domain.value.extend(sorted({*values, ""}))
                by_name[name].distribution_constraints.min_domain_mass = _MIN_DOMAIN_MASS
