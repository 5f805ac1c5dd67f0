"""The tables of the catalogue, from rows as the transform leaves them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.conftest import FEATURES
from trainer import catalogue
from trainer.catalogue import always_available, read_catalogue

ROWS: dict[str, Any] = {
    "item_id": tf.constant([3, 1, 2], tf.int64),  # the second has no place in the vocabulary
    "item_count": tf.constant([5, 70, 4], tf.int64),
    "item_available_from": tf.constant([0, 10, 20], tf.int64),
    "item_available_to": tf.constant([0, 30, 40], tf.int64),
    "colour": tf.ragged.constant([[2], [3], [3]], tf.int64, ragged_rank=1),
}


def test_an_item_outside_the_vocabulary_is_not_what_is_known_of_all_unknown_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "read_rows", lambda *_, **__: [ROWS])
    read = read_catalogue([], None, FEATURES, [], items=4)  # type: ignore[arg-type]
    assert read.counts.tolist() == [0, 0, 4, 5]
    assert read.listed.tolist() == [False, False, True, True]
    np.testing.assert_array_equal(read.available[:2], always_available(2))
    assert read.available[2].tolist() == [20, 40]
    assert read.features["colour"].tolist() == [[0], [0], [3], [2]]
