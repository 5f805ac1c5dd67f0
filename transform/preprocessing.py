"""The TFT transform: raw rows of every kind in, integer ids and normalised numbers out.

One graph serves both sides. A row of one kind leaves the other kinds' features empty, and the
analysers ignore what is empty, so the vocabularies and moments of a feature come only from rows
that have it. At serving time the graph is fed the query part alone.

Ids are shifted by two: 0 is padding, 1 is a value that training never saw.

Aggregates are squashed by sign(x) log(1 + |x|), which needs no moments: a count of thousands comes
near the others, a rate or a trend hardly changes, and no analysis has to read the ranking rows.
"""

from __future__ import annotations

import json
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
from pydantic import TypeAdapter

from transform import features as keys
from transform.aggregates import Aggregate, Of, parse_aggregates
from transform.features import Feature, Kind

PADDING = 0
UNKNOWN = 1
FIRST_ID = 2

ITEM_VOCABULARY = "items"
EVENT_TYPE_VOCABULARY = "event_types"

_PASSED_THROUGH = (
    keys.HISTORY_TIME,
    keys.REQUEST_TIME,
    keys.LABEL,
    keys.CANDIDATE_PROBABILITY,
    keys.ITEM_COUNT,
    keys.ITEM_AVAILABLE_FROM,
    keys.ITEM_AVAILABLE_TO,
)
_ITEM_KEYS = (
    keys.ITEM_ID,
    keys.HISTORY_ITEM_ID,
    keys.TARGET_ITEM_ID,
    keys.CANDIDATE_ITEM_ID,
)


def parse_features(text: str) -> list[Feature]:
    """Reads declared features from the JSON list that travels in execution properties."""
    return TypeAdapter(list[Feature]).validate_json(text)


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> dict[str, Any]:
    """TFX Transform's entry point.

    Args:
        inputs: Raw features of a batch of rows: scalars dense [B], lists ragged [B, None].
        custom_config: `features`: the declared features as a JSON list; `aggregates`: likewise,
            absent where none are declared.

    Returns:
        item ids (int64, shifted), declared features (see `_transform`), aggregates (see
        `_aggregate`) and the untouched numbers.
    """
    outputs = {key: inputs[key] for key in _PASSED_THROUGH}
    seen = tf.concat([inputs[keys.HISTORY_ITEM_ID].flat_values, inputs[keys.ITEM_ID]], axis=0)
    items = tft.vocabulary(_non_empty(seen), vocab_filename=ITEM_VOCABULARY)
    for key in _ITEM_KEYS:
        outputs[key] = _ids(inputs[key], items)
    types = inputs[keys.HISTORY_EVENT_TYPE]
    type_vocabulary = tft.vocabulary(types.flat_values, vocab_filename=EVENT_TYPE_VOCABULARY)
    outputs[keys.HISTORY_EVENT_TYPE] = _ids(types, type_vocabulary)
    vocabularies: dict[str, Any] = {}
    for feature in parse_features(json.dumps(custom_config["features"])):
        outputs[feature.name] = _transform(feature, inputs[feature.name], vocabularies)
    for aggregate in parse_aggregates(json.dumps(custom_config.get("aggregates", []))):
        outputs |= _aggregate(aggregate, inputs, vocabularies)
    return outputs


def _transform(feature: Feature, raw: tf.Tensor, vocabularies: dict[str, Any]) -> Any:
    """Transforms one declared feature.

    Returns:
        number, time: float32 [B, 2], the standardised value (0 where missing) and 1.0 if present;
            the very second at which unix time begins is a missing time.
        category, id: ragged int64 [B, None], shifted vocabulary ids; no value gives no id.
        text: ragged int64 [B, None], hashed word unigrams and bigrams, shifted.
    """
    if feature.kind is Kind.NUMBER:
        return _standardise(raw, present=~tf.math.is_nan(raw))
    if feature.kind is Kind.TIME:
        return _standardise(tf.cast(raw, tf.float32) / 86_400.0, present=raw != 0)
    if feature.kind is Kind.TEXT:
        return _ngrams(raw, feature.buckets)
    values = _values(raw, feature.separator)
    vocabularies[feature.name] = tft.vocabulary(
        values.flat_values, top_k=feature.buckets, vocab_filename=feature.name
    )
    return _ids(values, vocabularies[feature.name])


def _aggregate(
    aggregate: Aggregate, inputs: dict[str, Any], vocabularies: dict[str, Any]
) -> dict[str, Any]:
    """Transforms one declared aggregate.

    Returns:
        user, all: float32 [B], 0 where missing.
        item: ragged float32 [B, None], aligned with the candidates, or one value a catalogue row.
        user_category: the categories as ragged int64 ids [B, None], as the feature has them, and
            their values, ragged float32 [B, None]. The models match them with the candidates.
    """
    if aggregate.of in (Of.USER, Of.ALL):
        return {aggregate.name: _squash(inputs[aggregate.name])}
    if aggregate.of is Of.ITEM:
        values = inputs[aggregate.name]
        return {aggregate.name: values.with_flat_values(_squash(values.flat_values))}
    values = inputs[aggregate.value_name]
    return {
        aggregate.key_name: _ids(inputs[aggregate.key_name], vocabularies[str(aggregate.by)]),
        aggregate.value_name: values.with_flat_values(_squash(values.flat_values)),
    }


def _squash(value: tf.Tensor) -> tf.Tensor:
    known = tf.where(tf.math.is_finite(value), value, 0.0)
    # In double precision, because the last bit of a single-precision log1p depends on where in a
    # batch a value stands, and on the processor; what is served must be what was trained on.
    squashed = tf.math.log1p(tf.cast(tf.abs(known), tf.float64))
    return tf.sign(known) * tf.cast(squashed, tf.float32)


def _non_empty(values: tf.Tensor) -> tf.Tensor:
    return tf.boolean_mask(values, values != "")


def _ids(values: Any, vocabulary: Any) -> Any:
    """Looks values up; "" becomes padding, an unseen value UNKNOWN."""
    ids = tft.apply_vocabulary(values, vocabulary, default_value=UNKNOWN - FIRST_ID) + FIRST_ID
    if isinstance(values, tf.RaggedTensor):
        return ids
    return tf.where(values == "", tf.constant(PADDING, tf.int64), ids)


def _values(raw: tf.Tensor, separator: str | None) -> tf.RaggedTensor:
    """Splits strings [B] into their values [B, None]; an empty string has none."""
    if separator is None:
        values = tf.RaggedTensor.from_tensor(raw[:, tf.newaxis], ragged_rank=1)
    else:
        values = tf.strings.split(raw, separator)
    return tf.ragged.boolean_mask(values, values != "")


def _ngrams(raw: tf.Tensor, buckets: int) -> tf.RaggedTensor:
    # A combining mark belongs to the letter before it.
    lower = tf.strings.lower(raw, encoding="utf-8")
    clean = tf.strings.regex_replace(lower, r"[^\p{L}\p{M}\p{N}]+", " ")
    words = tf.strings.split(clean)
    grams = tf.concat([words, tf.strings.ngrams(words, 2)], axis=1)
    return tft.hash_strings(grams, buckets) + FIRST_ID


def _standardise(value: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
    """Standardises [B] by the moments of the values present, into [B, 2] with an indicator."""
    known = tf.boolean_mask(value, present)
    mean, variance = tft.mean(known), tft.var(known)
    # A feature that no row has yields NaN moments; it then carries the indicator alone.
    scaled = tf.math.divide_no_nan(value - mean, tf.sqrt(variance))
    usable = present & tf.math.is_finite(scaled)
    return tf.stack([tf.where(usable, scaled, 0.0), tf.cast(usable, tf.float32)], axis=1)
