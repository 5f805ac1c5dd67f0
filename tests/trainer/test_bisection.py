"""Tests of finding ids among others."""

from __future__ import annotations

import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.bisection import find, is_among

ORDERED = [2, 4, 4, 9]
_IDS = st.lists(st.integers(0, 40), max_size=12)


def test_ids_are_found_at_their_first_place() -> None:
    place, found = find(tf.constant([9, 4, 2]), tf.constant(ORDERED))
    assert place.numpy().tolist() == [3, 1, 0]
    assert found.numpy().all()


def test_what_lies_before_between_and_behind_them_is_not_found() -> None:
    place, found = find(tf.constant([1, 5, 10]), tf.constant(ORDERED))
    assert not found.numpy().any()
    assert tf.reduce_max(place) < len(ORDERED)


def test_each_row_is_looked_up_in_its_own() -> None:
    _, found = find(tf.constant([[4, 7], [4, 7]]), tf.constant([ORDERED, [1, 3, 5, 7]]))
    assert found.numpy().tolist() == [[True, False], [False, True]]


def test_nothing_is_found_of_nothing() -> None:
    place, found = find(tf.zeros([0], tf.int64), tf.constant(ORDERED, tf.int64))
    assert place.shape == found.shape == [0]


@given(st.lists(st.tuples(_IDS, _IDS), min_size=1, max_size=3))
@settings(max_examples=40)
def test_membership_is_that_of_sets(rows: list[tuple[list[int], list[int]]]) -> None:
    def dense(lists: list[list[int]]) -> tf.Tensor:
        return tf.ragged.constant(lists, tf.int64, ragged_rank=1).to_tensor()

    ids, others = dense([row[0] for row in rows]), dense([row[1] for row in rows])
    found = is_among(ids, others).numpy()
    for shown, row, (_, of_row) in zip(found, ids.numpy().tolist(), rows, strict=True):
        assert shown.tolist() == [i in {0, *of_row} for i in row]
