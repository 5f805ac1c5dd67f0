"""Tests of the dense histories."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from trainer.sequences import (
    GAP_BUCKETS,
    gap_buckets,
    request_history,
    take_last,
    window_history,
    with_target,
)
from transform.preprocessing import UNKNOWN


def ragged(values: list[list[int]]) -> tf.RaggedTensor:
    return tf.ragged.constant(values, tf.int64, ragged_rank=1)


def test_take_last_aligns_to_the_right_and_pads_with_zero() -> None:
    taken = take_last(ragged([[1, 2, 3, 4], [5], []]), 3)
    assert taken.numpy().tolist() == [[2, 3, 4], [0, 0, 5], [0, 0, 0]]


def test_take_last_of_only_empty_rows_is_all_padding() -> None:
    assert take_last(ragged([[], []]), 2).numpy().tolist() == [[0, 0], [0, 0]]


def test_gap_buckets_grow_by_one_for_each_doubling_and_stay_in_range() -> None:
    times = tf.constant([[0, 0, 0, 0, 100]], tf.int64)
    until = tf.constant([[0, 1, 3, 2**62, 50]], tf.int64)
    buckets = gap_buckets(times, until).numpy()[0].tolist()
    # log2(0 + 1), log2(1 + 1), log2(3 + 1), the last bucket; a clock that runs back counts as 0.
    assert buckets == [0, 1, 2, GAP_BUCKETS - 1, 0]


def test_a_gap_has_one_bucket_wherever_in_a_batch_it_stands() -> None:
    begins = [2**bucket - 1 for bucket in range(1, GAP_BUCKETS)]
    gaps = [gap for begin in begins for gap in (begin - 1, begin)]
    together = gap_buckets(tf.zeros([1, len(gaps)], tf.int64), tf.constant([gaps], tf.int64))
    assert together.numpy()[0].tolist() == [
        b - late for b in range(1, GAP_BUCKETS) for late in (1, 0)
    ]
    alone = [
        gap_buckets(tf.zeros([1, 1], tf.int64), tf.constant([[gap]], tf.int64)) for gap in gaps
    ]
    assert [int(bucket[0, 0]) for bucket in alone] == together.numpy()[0].tolist()


def test_request_history_measures_the_last_gap_up_to_the_request() -> None:
    row = {
        "history_item_id": ragged([[7, 8], []]),
        "history_event_type": ragged([[2, 2], []]),
        "history_time": ragged([[100, 103], []]),
        "request_time": tf.constant([110, 110], tf.int64),
    }
    history = request_history(row, 3)
    assert history["items"].numpy().tolist() == [[0, 7, 8], [0, 0, 0]]
    assert history["gaps"].numpy().tolist() == [[0, 2, 3], [0, 0, 0]]  # 3 s and 7 s


def test_a_window_predicts_each_next_item_and_nothing_from_padding() -> None:
    row = {
        "history_item_id": ragged([[5, 6, 7], [5]]),
        "history_event_type": ragged([[2, 2, 2], [2]]),
        "history_time": ragged([[1, 2, 3], [1]]),
    }
    history, targets = window_history(row, 4)
    assert history["items"].numpy().tolist() == [[0, 0, 5, 6], [0, 0, 0, 0]]
    assert targets.numpy().tolist() == [[0, 0, 6, 7], [0, 0, 0, 0]]


def test_window_and_request_agree_on_the_same_history() -> None:
    """The last position of a window is the request that asks for its target."""
    window = {
        "history_item_id": ragged([[5, 6, 7]]),
        "history_event_type": ragged([[2, 2, 3]]),
        "history_time": ragged([[10, 20, 90]]),
    }
    request = {
        "history_item_id": ragged([[5, 6]]),
        "history_event_type": ragged([[2, 2]]),
        "history_time": ragged([[10, 20]]),
        "request_time": tf.constant([90], tf.int64),
    }
    trained, _ = window_history(window, 3)
    asked = request_history(request, 3)
    present = asked["items"].numpy() > 0
    for key in ("items", "event_types", "gaps"):
        np.testing.assert_array_equal(
            trained[key].numpy()[present], asked[key].numpy()[present], err_msg=key
        )


def test_a_held_out_row_becomes_the_window_that_ends_with_its_target() -> None:
    held_out = {
        "history_item_id": ragged([[5, 6], []]),
        "history_event_type": ragged([[2, 3], []]),
        "history_time": ragged([[10, 20], []]),
        "request_time": tf.constant([90, 95], tf.int64),
        "target_item_id": tf.constant([[7], [8]], tf.int64),
    }
    history, targets = window_history(with_target(held_out), 3)
    asked = request_history(held_out, 3)
    for key in ("items", "event_types", "gaps"):
        np.testing.assert_array_equal(history[key].numpy()[0], asked[key].numpy()[0], err_msg=key)
    assert targets.numpy().tolist() == [[0, 6, 7], [0, 0, 0]]


def test_an_item_without_a_row_of_its_own_is_no_target() -> None:
    row = {
        "history_item_id": ragged([[5, UNKNOWN, 7]]),
        "history_event_type": ragged([[2, 2, 2]]),
        "history_time": ragged([[1, 2, 3]]),
    }
    _, targets = window_history(row, 2)
    assert targets.numpy().tolist() == [[0, 7]]
