"""Aggregates as inputs of the ranker, and the same in the composed path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.conftest import FEATURES, ITEMS, VOCABULARY, description
from trainer.aggregates import AggregateInputs, scale_user_values
from trainer.catalogue import Catalogue
from trainer.ranker.model import Ranker
from trainer.ranker.training import build
from trainer.recommender.calibrating import newcomer
from trainer.recommender.model import Parts, Recommender
from trainer.recommender.tables import CoView
from trainer.settings import RankerSettings, RecommenderSettings
from trainer.two_tower.model import TwoTower
from transform.aggregates import Aggregate, Of

Rows = Callable[..., dict[str, Any]]
AGGREGATES = (
    Aggregate(name="views", of=Of.USER, count="view", window="7d"),
    Aggregate(name="liked", of=Of.USER_CATEGORY, by="colour", count="view", window="7d"),
    Aggregate(name="item_views", of=Of.ITEM, count="view", window="7d"),
    Aggregate(name="shop_views", of=Of.ALL, count="view", window="7d"),
)
ITEM_VALUES = np.linspace(0.0, 1.0, ITEMS, dtype=np.float32)[:, np.newaxis]


def with_aggregates(row: dict[str, Any], liked: list[dict[int, float]]) -> dict[str, Any]:
    """Transformed rows with aggregates: of users 1, 2, ..., of the shop 7."""
    candidates = row["candidate_item_id"]
    keys = [list(values) for values in liked]
    values = [list(known.values()) for known in liked]
    return row | {
        "views": tf.range(1.0, len(liked) + 1.0),
        "shop_views": tf.fill([len(liked)], 7.0),
        "liked_key": tf.ragged.constant(keys, tf.int64, ragged_rank=1),
        "liked_value": tf.ragged.constant(values, tf.float32, ragged_rank=1),
        "item_views": tf.ragged.map_flat_values(
            lambda ids: tf.gather(ITEM_VALUES[:, 0], ids), candidates
        ),
    }


@pytest.fixture
def catalogue(catalogue: Catalogue) -> Catalogue:
    """The toy catalogue with an aggregate of its items."""
    return replace(catalogue, aggregates=ITEM_VALUES)


@pytest.fixture
def row(rows: Rows) -> dict[str, Any]:
    return with_aggregates(rows([[2, 3], []], [[4, 5, 6], [7, 8]]), [{2: 0.5, 3: 0.25, 1: 9.0}, {}])


@pytest.fixture
def ranker(catalogue: Catalogue, row: dict[str, Any]) -> Ranker:
    tf.keras.utils.set_random_seed(2)
    settings = RankerSettings(dimension=8, hidden=(8,), dropout=0.0)
    return build(description(settings, AGGREGATES), catalogue, row)


def test_columns_lie_side_by_side(row: dict[str, Any]) -> None:
    """Items have the colours 2, 3 and an unseen one (1), or none."""
    colours = np.zeros((ITEMS, 2), np.int64)
    colours[4:7] = [[2, 3], [3, 0], [1, 0]]
    inputs = AggregateInputs(
        AGGREGATES, lambda name, ids: tf.gather(colours, ids), VOCABULARY.features
    )
    candidates = row["candidate_item_id"].to_tensor()
    columns = inputs.columns(row, candidates, inputs.item_values(row))
    user, shop, liked, item = (column.numpy().reshape(2, 3) for column in columns)
    assert user.tolist() == [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
    assert shop.tolist() == [[7.0] * 3] * 2
    # The largest value of several, and nothing for a colour that training never saw.
    assert liked.tolist() == [[0.5, 0.25, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(item[0], ITEM_VALUES[4:7, 0])
    np.testing.assert_allclose(item[1], [ITEM_VALUES[7, 0], ITEM_VALUES[8, 0], 0.0])


@pytest.mark.parametrize("name", ["views", "shop_views", "liked_value", "item_views"])
def test_the_ranker_reads_every_aggregate(ranker: Ranker, row: dict[str, Any], name: str) -> None:
    before = ranker(row).numpy()[0]
    assert (ranker(row | {name: row[name] + 1.0}).numpy()[0] != before).all()


def test_a_newcomer_has_no_values_of_its_own(row: dict[str, Any]) -> None:
    stranger = newcomer(row, AGGREGATES)
    assert stranger["views"].numpy().tolist() == [0.0, 0.0]
    assert stranger["liked_value"].to_list() == [[0.0, 0.0, 0.0], []]
    assert stranger["shop_views"].numpy().tolist() == [7.0, 7.0]
    assert stranger["history_item_id"].to_list() == [[], []]


def test_training_makes_newcomers_of_some_users_in_everything(
    ranker: Ranker, row: dict[str, Any], rows: Rows
) -> None:
    """A row whose candidates add up to a multiple of 20 is one of them."""
    known = with_aggregates(rows([[2, 3]], [[9, 11]]), [{2: 0.5, 3: 0.5}])
    unknown = scale_user_values(known, AGGREGATES, tf.constant([0.0]))
    unknown |= {key: unknown[key][:, :0] for key in unknown if key.startswith("history_")}
    forgotten = ranker(known, training=True).numpy()
    np.testing.assert_allclose(forgotten, ranker(unknown).numpy(), atol=1e-6)
    assert np.abs(forgotten - ranker(known).numpy()).max() > 1e-3


def test_the_composed_path_scores_as_the_ranker_does(
    retriever: TwoTower, ranker: Ranker, catalogue: Catalogue, row: dict[str, Any]
) -> None:
    """Rows hold what the catalogue's table holds, so both must give the same logits."""
    co_view = CoView(np.zeros((ITEMS, 1), np.int64), np.zeros((ITEMS, 1), np.float32))
    settings = RecommenderSettings(candidates=6, exclude_seen=False)
    composed = Recommender(
        Parts(retriever, ranker, catalogue, co_view, 0.8, settings, features=FEATURES)
    )
    ids, _, signals = composed.candidates(row, tf.zeros([2, 0], tf.int64), tf.constant(10))
    logits = dict(zip(ids.numpy()[0].tolist(), signals.numpy()[0, :, 0].tolist(), strict=False))
    expected = ranker(row).numpy()[0]
    np.testing.assert_allclose([logits[item] for item in (4, 5, 6)], expected, atol=1e-5)
