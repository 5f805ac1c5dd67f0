"""Requests as they arrive: signature inputs and raw rows, to transformed rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from transform import features as keys
from transform.aggregates import Aggregate, Of, aggregates_of
from transform.features import Feature, Kind, query_features

_HISTORY_KEYS = (keys.HISTORY_ITEM_ID, keys.HISTORY_EVENT_TYPE, keys.HISTORY_TIME)
# Items that a signature takes beside the query: of any number, for each request.
_ITEM_KEYS = (keys.EXCLUDE_ITEM_ID, keys.CANDIDATE_ITEM_ID)


def raw_dtype(feature: Feature) -> tf.DType:
    """Type of a feature's raw value."""
    if feature.kind is Kind.NUMBER:
        return tf.float32
    return tf.int64 if feature.kind is Kind.TIME else tf.string


def query_specs(
    features: Sequence[Feature], aggregates: Sequence[Aggregate]
) -> dict[str, tf.TensorSpec]:
    """The query inputs of the serving contract: B requests, H history length.

    An aggregate of the user or of all is a number a request. One by category is two inputs of any
    length: categories and their values.
    """
    specs = {
        keys.USER_ID: tf.TensorSpec([None], tf.string),
        keys.HISTORY_ITEM_ID: tf.TensorSpec([None, None], tf.string),
        keys.HISTORY_EVENT_TYPE: tf.TensorSpec([None, None], tf.string),
        keys.HISTORY_TIME: tf.TensorSpec([None, None], tf.int64),
        keys.REQUEST_TIME: tf.TensorSpec([None], tf.int64),
    }
    specs |= {f.name: tf.TensorSpec([None], raw_dtype(f)) for f in query_features(features)}
    for aggregate in aggregates_of(aggregates, Of.USER, Of.ALL):
        specs[aggregate.name] = tf.TensorSpec([None], tf.float32)
    for aggregate in aggregates_of(aggregates, Of.USER_CATEGORY):
        specs[aggregate.key_name] = tf.TensorSpec([None, None], tf.string)
        specs[aggregate.value_name] = tf.TensorSpec([None, None], tf.float32)
    return {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in specs.items()}


def raw_query(
    inputs: dict[str, tf.Tensor], features: Sequence[Feature], aggregates: Sequence[Aggregate]
) -> dict[str, Any]:
    """Query inputs of a signature to raw features: what has any length becomes ragged.

    Args:
        inputs: All inputs of the signature; those that are not of the query are checked alone.
        features: Declared features.
        aggregates: Declared aggregates.

    Raises:
        tf.errors.InvalidArgumentError: The history's parts or an aggregate's categories and values
            differ in shape, or an input has another number of requests than `user_id`.
    """
    names = [keys.REQUEST_TIME, *(f.name for f in query_features(features))]
    names += [a.name for a in aggregates_of(aggregates, Of.USER, Of.ALL)]
    padded: list[tuple[str, ...]] = [_HISTORY_KEYS]
    padded += [(a.key_name, a.value_name) for a in aggregates_of(aggregates, Of.USER_CATEGORY)]
    raw = {name: inputs[name] for name in names}
    with tf.control_dependencies(_shape_checks(inputs, names, padded)):
        for group in padded:
            present = tf.not_equal(inputs[group[0]], "")
            raw |= {key: tf.ragged.boolean_mask(inputs[key], present) for key in group}
    return raw


def _shape_checks(
    inputs: dict[str, tf.Tensor], names: Sequence[str], padded: Sequence[tuple[str, ...]]
) -> list[tf.Operation]:
    """Checks of inputs [B], and of groups of inputs [B, any], the first of which says the shape."""
    rows = tf.shape(inputs[keys.USER_ID])[0]
    items = [key for key in _ITEM_KEYS if key in inputs]
    checks = [
        tf.debugging.assert_equal(
            tf.shape(inputs[key]),
            tf.shape(inputs[group[0]]),
            f"{key} must have the shape of {group[0]}; pad both alike.",
        )
        for group in padded
        for key in group[1:]
    ]
    checks += [
        tf.debugging.assert_equal(
            tf.shape(inputs[name])[0],
            rows,
            f"{name} must have one row for each {keys.USER_ID}.",
        )
        for name in (*(group[0] for group in padded), *names, *items)
    ]
    return checks


def parse_rows(
    examples: tf.Tensor,
    features: Sequence[Feature],
    aggregates: Sequence[Aggregate],
    *,
    candidates: bool = False,
) -> dict[str, Any]:
    """Serialized raw rows to raw features.

    Args:
        examples: Serialized tf.Example, string [B].
        features: Declared features.
        aggregates: Declared aggregates.
        candidates: Whether the rows' candidates are wanted too.
    """
    spec: dict[str, Any] = {
        keys.HISTORY_ITEM_ID: tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64),
        keys.HISTORY_EVENT_TYPE: tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64),
        keys.HISTORY_TIME: tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64),
        keys.REQUEST_TIME: tf.io.FixedLenFeature([], tf.int64, 0),
    }
    defaults = {tf.string: "", tf.int64: 0, tf.float32: float("nan")}
    for feature in query_features(features):
        dtype = raw_dtype(feature)
        spec[feature.name] = tf.io.FixedLenFeature([], dtype, defaults[dtype])
    for aggregate in aggregates_of(aggregates, Of.USER, Of.ALL):
        spec[aggregate.name] = tf.io.FixedLenFeature([], tf.float32, defaults[tf.float32])
    for aggregate in aggregates_of(aggregates, Of.USER_CATEGORY):
        for name, dtype in ((aggregate.key_name, tf.string), (aggregate.value_name, tf.float32)):
            spec[name] = tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
    if candidates:
        spec[keys.CANDIDATE_ITEM_ID] = tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64)
    return dict(tf.io.parse_example(examples, spec))
