"""Tests of training in half precision, and of compiled blocks: on a CPU, for what they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.conftest import description, request_rows
from trainer.catalogue import Catalogue
from trainer.ranker import training as ranker_training
from trainer.settings import RankerSettings, RetrieverSettings
from trainer.two_tower import training as retriever_training
from trainer.two_tower.model import TwoTower

HISTORIES = [[2 + (start + i) % 8 for i in range(5)] for start in range(8)]
CANDIDATES = [[2 + (start + 5 + i) % 8 for i in range(4)] for start in range(8)]
STEPS = 5


def retriever_settings(**changes: Any) -> RetrieverSettings:
    small = {"dimension": 8, "layers": 1, "uniform_negatives": 5, "dropout": 0.0, "id_dropout": 0.0}
    return RetrieverSettings(**small | {"learning_rate": 0.02} | changes)


def ranker_settings(**changes: Any) -> RankerSettings:
    return RankerSettings(dimension=8, hidden=(8,), dropout=0.0, learning_rate=0.02, **changes)


def models(settings: Any, catalogue: Catalogue) -> tuple[Any, Any]:
    """A model as it is trained, and as it is served, with the same weights."""
    tf.keras.utils.set_random_seed(4)
    rows = request_rows(HISTORIES[:1], CANDIDATES[:1])
    if isinstance(settings, RankerSettings):
        trained = ranker_training.trainable(description(settings), catalogue, rows)
        served = ranker_training.build(description(settings), catalogue, rows)
    else:
        trained = retriever_training.trainable(description(settings), catalogue, rows, seed=1)
        served = retriever_training.build(description(settings), catalogue, rows, seed=1)
    served.set_weights(trained.get_weights())
    return trained, served


def losses(model: Any, steps: int = STEPS) -> list[float]:
    batch = request_rows(HISTORIES, CANDIDATES)
    return [float(model.train_step(batch)["loss"]) for _ in range(steps)]


@pytest.mark.parametrize("settings", [retriever_settings, ranker_settings])
def test_half_precision_learns_and_what_is_served_is_float32(
    settings: Callable[..., Any], catalogue: Catalogue
) -> None:
    model, served = models(settings(mixed_precision="bfloat16"), catalogue)
    found = losses(model)
    assert np.isfinite(found).all()
    assert found[-1] < found[0]
    assert {weight.dtype for weight in model.variables} <= {tf.float32, tf.int64, tf.bool}
    _, exact = models(settings(), catalogue)
    for one in (exact, served):
        one.set_weights(model.get_weights())
    batch = request_rows(HISTORIES, CANDIDATES)
    halves, answers, expected = (one(batch).numpy() for one in (model, served, exact))
    np.testing.assert_array_equal(answers, expected)
    assert answers.dtype == np.float32
    # The control: the model that is trained does round, by about a part in 100.
    assert 0.0 < np.abs(halves - expected).max() < 0.1


@pytest.mark.slow
def test_compiled_blocks_compute_the_same_and_only_in_training(catalogue: Catalogue) -> None:
    plain, _ = models(retriever_settings(), catalogue)
    compiled, _ = models(retriever_settings(xla=True), catalogue)
    np.testing.assert_allclose(losses(compiled, 2), losses(plain, 2), rtol=1e-4)
    assert traces(compiled) == 2  # of the windows, and of the newcomers
    compiled(request_rows([[2, 3]]))
    assert traces(compiled) == 2


def traces(model: TwoTower) -> int:
    return int(model.query_tower._trained_blocks.experimental_get_tracing_count())
