"""Histories as dense tensors: the last L events, aligned to the right, and their time gaps."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from trainer.bisection import is_among
from transform import features as keys
from transform.preprocessing import FIRST_ID

GAP_BUCKETS = 32


def take_last(ragged: tf.RaggedTensor, length: int) -> tf.Tensor:
    """The last `length` values of each row [B, length]; shorter rows are padded with 0 on the left.

    >>> take_last(tf.ragged.constant([[1, 2, 3], [4], []]), 2).numpy().tolist()
    [[2, 3], [0, 4], [0, 0]]
    """
    lengths = ragged.row_lengths()[:, tf.newaxis]
    position = lengths - length + tf.range(length, dtype=lengths.dtype)[tf.newaxis]
    index = ragged.row_starts()[:, tf.newaxis] + tf.maximum(position, 0)
    zero = tf.zeros([1], ragged.dtype)
    values = tf.concat([ragged.flat_values, zero], axis=0)
    return tf.where(position >= 0, tf.gather(values, index), tf.zeros([], ragged.dtype))


def gap_buckets(times: tf.Tensor, until: tf.Tensor) -> tf.Tensor:
    """Bucket of the time that passed after each event: b from 2^b - 1 seconds on.

    Args:
        times: Unix seconds of the events, int64 [B, L].
        until: Unix seconds of what came next, int64 [B, L]; for the last event, the request.

    Returns:
        int64 [B, L] in [0, GAP_BUCKETS).
    """
    seconds = tf.maximum(until - times, 0)
    # A logarithm in floating point puts 8191 s into one bucket or the next, depending on where in
    # a batch it stands; training and serving must agree.
    begins = tf.constant([2**bucket - 1 for bucket in range(1, GAP_BUCKETS)], tf.int64)
    place = tf.searchsorted(begins, tf.reshape(seconds, [-1]), side="right", out_type=tf.int64)
    return tf.reshape(place, tf.shape(seconds))


def request_history(row: dict[str, Any], length: int) -> dict[str, tf.Tensor]:
    """History of a request: item ids, event types, gaps; each int64 [B, length], 0 at padding."""
    times = take_last(row[keys.HISTORY_TIME], length)
    request = tf.reshape(row[keys.REQUEST_TIME], [-1, 1])
    return _history(
        take_last(row[keys.HISTORY_ITEM_ID], length),
        take_last(row[keys.HISTORY_EVENT_TYPE], length),
        gap_buckets(times, tf.concat([times[:, 1:], request], axis=1)),
    )


def without_history(row: dict[str, Any]) -> dict[str, Any]:
    """The same requests without the events before them."""
    parts = (keys.HISTORY_ITEM_ID, keys.HISTORY_EVENT_TYPE, keys.HISTORY_TIME)
    return row | {key: row[key][:, :0] for key in parts}


def is_seen(row: dict[str, Any], ids: tf.Tensor) -> tf.Tensor:
    """Which items stand in the history of their request: int64 [B, N] -> bool [B, N]."""
    return is_among(ids, row[keys.HISTORY_ITEM_ID].to_tensor())


def is_repeat(row: dict[str, Any]) -> tf.Tensor:
    """Which held-out requests ask for an item that stands in their history, bool [B]."""
    return is_seen(row, tf.reshape(row[keys.TARGET_ITEM_ID], [-1, 1]))[:, 0]


def with_target(row: dict[str, Any]) -> dict[str, Any]:
    """Held-out rows as training windows: what came next becomes the last event.

    A window shows of its last event neither the type nor what came after, so both may be missing.
    """
    target = tf.reshape(row[keys.TARGET_ITEM_ID], [-1, 1])
    last = {
        keys.HISTORY_ITEM_ID: target,
        keys.HISTORY_EVENT_TYPE: tf.zeros_like(target),
        keys.HISTORY_TIME: tf.reshape(row[keys.REQUEST_TIME], [-1, 1]),
    }
    return row | {key: tf.concat([row[key], value], axis=1) for key, value in last.items()}


def window_history(row: dict[str, Any], length: int) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
    """A training window: the history at every position and the item that followed it.

    Returns:
        As `request_history`, and the targets int64 [B, length], 0 where there is none.
    """
    items = take_last(row[keys.HISTORY_ITEM_ID], length + 1)
    types = take_last(row[keys.HISTORY_EVENT_TYPE], length + 1)
    times = take_last(row[keys.HISTORY_TIME], length + 1)
    history = _history(items[:, :-1], types[:, :-1], gap_buckets(times[:, :-1], times[:, 1:]))
    # A position without history (left padding) predicts nothing; nor can an item be predicted that
    # the vocabulary lacks.
    predicts = (items[:, :-1] > 0) & (items[:, 1:] >= FIRST_ID)
    return history, tf.where(predicts, items[:, 1:], 0)


def _history(items: tf.Tensor, event_types: tf.Tensor, gaps: tf.Tensor) -> dict[str, tf.Tensor]:
    # Between padding and the first event no time has passed that would say anything.
    return {"items": items, "event_types": event_types, "gaps": tf.where(items > 0, gaps, 0)}
