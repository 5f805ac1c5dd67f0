"""Tests of finding ids among others."""

from __future__ import annotations

import tensorflow as tf

from trainer.bisection import find

ORDERED = [2, 4, 4, 9]


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
