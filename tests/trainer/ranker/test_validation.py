"""What the ranker's early stop goes by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from trainer.ranker.validation import Validation


class Says:
    """A model that says certain logits."""

    def __init__(self, logits: list[list[float]]) -> None:
        self._logits = logits

    def call(self, row: dict[str, Any]) -> tf.Tensor:
        return tf.constant(self._logits, tf.float32)


def rows(labels: list[list[float]], kept: list[list[float]]) -> list[dict[str, Any]]:
    ids = [[2] * len(one) for one in labels]
    values = {"label": labels, "candidate_probability": kept, "candidate_item_id": ids}
    return [
        {
            name: tf.ragged.constant(value, row_splits_dtype=tf.int64)
            for name, value in values.items()
        }
    ]


def gain(logits: list[list[float]], labels: list[list[float]], kept: list[list[float]]) -> float:
    return Validation(Says(logits), rows(labels, kept))()  # type: ignore[arg-type]


LABELS, KEPT = [[1.0, 0.0], [0.0, 0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0, 0.5]]


def test_the_mean_label_tells_nothing_with_all_that_was_left_out_put_back() -> None:
    mean = math.log(1 / 5)  # one of six: the last candidate stands for two
    # The place beyond a shorter list is no candidate, whatever the model says there.
    assert gain([[mean, mean, 9.0], [mean] * 3], LABELS, KEPT) == pytest.approx(0.0, abs=1e-6)


def test_a_better_promise_gains_though_the_order_stays() -> None:
    shy, bold = ([[s, -s, 0.0], [-s, -s, -s]] for s in (1.0, 3.0))
    assert 0.0 < gain(shy, LABELS, KEPT) < gain(bold, LABELS, KEPT) < 1.0


def test_a_promise_that_is_wrong_loses_though_the_order_is_right() -> None:
    assert gain([[6.0, 5.0, 0.0], [5.0, 5.0, 5.0]], LABELS, KEPT) < 0.0


def test_what_is_no_number_is_no_gain() -> None:
    assert math.isnan(gain([[math.nan, 0.0, 0.0], [0.0] * 3], LABELS, KEPT))
    assert math.isnan(gain([[0.0, 0.0]], [[0.0, 0.0]], [[1.0, 1.0]]))
    assert np.isfinite(gain([[0.0, 0.0, 0.0], [0.0] * 3], LABELS, KEPT))
