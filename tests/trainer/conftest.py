"""A toy shop of transformed rows, and models over it, for tests of the trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from trainer.catalogue import Catalogue, always_available
from trainer.export import Description
from trainer.ranker.model import Ranker
from trainer.ranker.training import build as build_ranker
from trainer.settings import RankerSettings, RetrieverSettings
from trainer.two_tower.model import TwoTower
from trainer.two_tower.training import build as build_retriever
from trainer.vocabulary import Vocabulary
from transform.aggregates import Aggregate
from transform.features import Feature, Kind, Side

ITEMS = 12  # rows of the item table: padding, unknown and ten items
LENGTH = 4

FEATURES = (
    Feature(name="age", side=Side.QUERY, kind=Kind.NUMBER),
    Feature(name="colour", side=Side.CANDIDATE, kind=Kind.CATEGORY),
)
VOCABULARY = Vocabulary(items=ITEMS, event_types=3, features={"colour": 4})


def request_rows(
    histories: list[list[int]], candidates: list[list[int]] | None = None
) -> dict[str, Any]:
    """Transformed rows with the given histories; events are an hour apart."""
    ragged = tf.ragged.constant(histories, tf.int64, ragged_rank=1)
    hours = [[3600 * (i + 1) for i in range(len(h))] for h in histories]
    row: dict[str, Any] = {
        "history_item_id": ragged,
        "history_event_type": tf.ones_like(ragged) * 2,
        "history_time": tf.ragged.constant(hours, tf.int64, ragged_rank=1),
        "request_time": tf.constant([3600 * (len(h) + 1) for h in histories], tf.int64),
        "age": tf.tile([[0.5, 1.0]], [len(histories), 1]),
    }
    if candidates is not None:
        row["candidate_item_id"] = tf.ragged.constant(candidates, tf.int64, ragged_rank=1)
        labels = [[1.0] + [0.0] * (len(c) - 1) for c in candidates]
        row["candidate_probability"] = tf.ones_like(row["candidate_item_id"], tf.float32)
        row["label"] = tf.ragged.constant(labels, tf.float32, ragged_rank=1)
    return row


@pytest.fixture
def catalogue() -> Catalogue:
    """Ten items with counts 9..0, all listed, in two colours."""
    counts = np.array([0, 0, *range(9, -1, -1)], np.int64)
    colours = np.array([[0], [0], *([2 + i % 2] for i in range(10))], np.int64)
    return Catalogue(
        counts,
        np.arange(ITEMS) >= 2,
        always_available(ITEMS),
        {"colour": colours},
        np.zeros((ITEMS, 0), np.float32),
    )


@pytest.fixture
def rows() -> Callable[..., dict[str, Any]]:
    """Builds transformed rows."""
    return request_rows


def description(settings: Any, aggregates: tuple[Aggregate, ...] = ()) -> Description:
    """Description of a toy model."""
    return Description(
        settings=settings.model_dump(),
        features=FEATURES,
        aggregates=aggregates,
        vocabulary=VOCABULARY,
        history_length=LENGTH,
    )


@pytest.fixture
def retriever(catalogue: Catalogue) -> TwoTower:
    """A small untrained retriever with fixed weights."""
    tf.keras.utils.set_random_seed(1)
    settings = RetrieverSettings(dimension=8, layers=1, heads=2, uniform_negatives=5, dropout=0.0)
    return build_retriever(description(settings), catalogue, request_rows([[2, 3]]), seed=3)


@pytest.fixture
def ranker(catalogue: Catalogue) -> Ranker:
    """A small untrained ranker with fixed weights."""
    tf.keras.utils.set_random_seed(2)
    settings = RankerSettings(dimension=8, hidden=(8,), dropout=0.0)
    return build_ranker(description(settings), catalogue, request_rows([[2, 3]], [[4, 5]]))
