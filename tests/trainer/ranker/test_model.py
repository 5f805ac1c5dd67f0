"""Tests of the ranker on a toy shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from trainer.ranker.model import Ranker

Rows = Callable[..., dict[str, Any]]


def test_a_score_does_not_depend_on_the_other_candidates(ranker: Ranker, rows: Rows) -> None:
    together = ranker(rows([[2, 3]], [[4, 5, 6, 7]])).numpy()
    alone = [ranker(rows([[2, 3]], [[item]])).numpy()[0, 0] for item in (4, 5, 6, 7)]
    np.testing.assert_allclose(together[0], alone, atol=1e-5)


def test_a_score_does_not_depend_on_the_other_requests(ranker: Ranker, rows: Rows) -> None:
    together = ranker(rows([[2, 3], [4], []], [[4, 5], [6, 7], [8, 9]])).numpy()
    alone = ranker(rows([[2, 3]], [[4, 5]])).numpy()
    np.testing.assert_allclose(together[0], alone[0], atol=1e-5)


def test_a_request_without_history_is_scored(ranker: Ranker, rows: Rows) -> None:
    assert np.isfinite(ranker(rows([[]], [[4, 5, 6]])).numpy()).all()


@pytest.mark.slow
def test_training_puts_the_positive_first(ranker: Ranker, rows: Rows) -> None:
    """The item to take is the one that follows the last of the history."""
    histories = [[2 + (start + i) % 8 for i in range(3)] for start in range(8)]
    candidates = [[2 + (start + 3 + i) % 8 for i in range(4)] for start in range(8)]
    batch = rows(histories, candidates)
    ranker.compile(optimizer=tf.keras.optimizers.Adam(0.02))
    step = tf.function(ranker.train_step)
    losses = [float(step(batch)["loss"]) for _ in range(80)]
    assert losses[-1] < losses[0] / 2
    assert ranker(batch).numpy().argmax(axis=1).tolist() == [0] * 8
