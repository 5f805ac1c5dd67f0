"""Tests of vectors that share rows: every item has its own, in memory that items do not set."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.conftest import LENGTH, request_rows
from trainer.catalogue import Catalogue, always_available
from trainer.export import Description
from trainer.hashed_embedding import HashedEmbedding
from trainer.settings import RankerSettings, RetrieverSettings
from trainer.two_tower.model import TwoTower
from trainer.two_tower.training import trainable
from trainer.vocabulary import Vocabulary
from transform.preprocessing import FIRST_ID

MILLION = 1_000_000 + FIRST_ID
BUCKETS = 20_000
DIMENSION = 16
# Weights and both of Adam's moments, of the rows that items share and of all else in the model.
BOUND = 3 * 4 * ((FIRST_ID + 2 * BUCKETS - 1) * DIMENSION + 10_000)


def pairs(buckets: int, ids: Any) -> np.ndarray[Any, Any]:
    layer = HashedEmbedding(int(max(ids)) + 1, buckets, 2)
    return layer.rows(tf.constant(ids, tf.int64)).numpy()


def distinct(pairs: np.ndarray[Any, Any]) -> int:
    return len({(one, other) for one, other in pairs.tolist()})


def test_items_share_rows_and_no_two_share_both() -> None:
    """With m = 5 there are 5 x 4 pairs: enough for twenty items in nine rows."""
    found = pairs(5, range(FIRST_ID, FIRST_ID + 20))
    assert sorted(set(found[:, 0])) == [2, 3, 4, 5, 6]
    assert sorted(set(found[:, 1])) == [7, 8, 9, 10]
    assert distinct(found) == 20


def test_one_item_more_than_there_are_pairs_is_refused() -> None:
    HashedEmbedding(FIRST_ID + 20, 5, 2)
    with pytest.raises(ValueError, match=r"m \(m - 1\) pairs\. Received: 5 for 21 items"):
        HashedEmbedding(FIRST_ID + 21, 5, 2)


def test_two_moduli_with_a_common_factor_would_be_found_out() -> None:
    """The control: with 4 and 6 in the place of 5 and 4, items twelve apart are one."""
    place = np.arange(20)
    assert distinct(np.stack([place % 4, place % 6], axis=1)) == 12


def test_the_most_frequent_items_share_nothing_with_each_other() -> None:
    for one, other in combinations(pairs(5, range(FIRST_ID, FIRST_ID + 4)).tolist(), 2):
        assert not set(one) & set(other)


def test_padding_and_the_unknown_share_nothing_with_items() -> None:
    assert pairs(5, [0, 1, 21])[:2].tolist() == [[0, 0], [1, 1]]
    assert pairs(5, range(FIRST_ID, 22)).min() == FIRST_ID


def test_a_vector_is_the_mean_of_two_rows() -> None:
    layer = HashedEmbedding(22, 5, 2)
    table = np.arange(2.0 * 11).reshape(11, 2)
    layer.embeddings.assign(table)
    vectors = layer(tf.constant([1, 2, 7], tf.int64)).numpy()
    # Item 7 is in place 5: 5 mod 5 = 0 and 5 mod 4 = 1, from row 2 and from row 7 on.
    np.testing.assert_array_equal(
        vectors, [table[1], (table[2] + table[7]) / 2, (table[2] + table[8]) / 2]
    )


@pytest.mark.parametrize("settings", [RetrieverSettings, RankerSettings])
def test_a_warm_start_is_refused(settings: Callable[..., Any]) -> None:
    assert settings(hash_buckets=8).warm_start == 0.0
    with pytest.raises(ValueError, match=r"warm_start 0\.1 with hash_buckets 8\. Leave one"):
        settings(hash_buckets=8, warm_start=0.1)


def of_a_million(hash_buckets: int) -> TwoTower:
    """A retriever over a million items, ready to be trained."""
    counts = np.ones(MILLION, np.int64)
    counts[:FIRST_ID] = 0
    catalogue = Catalogue(
        counts, counts > 0, always_available(MILLION), {}, np.zeros((MILLION, 0), np.float32)
    )
    tf.keras.utils.set_random_seed(1)
    settings = RetrieverSettings(
        dimension=DIMENSION,
        layers=1,
        uniform_negatives=64,
        hash_buckets=hash_buckets,
        learning_rate=0.02,
    )
    description = Description(
        settings=settings.model_dump(),
        features=(),
        aggregates=(),
        vocabulary=Vocabulary(items=MILLION, event_types=3),
        history_length=LENGTH,
    )
    model = trainable(description, catalogue, request_rows([[2, 3]]), seed=1)
    model.optimizer.build(model.trainable_variables)
    return model


def trained_bytes(model: TwoTower) -> int:
    """Of all weights that are trained, and of what the optimizer keeps for them."""
    kept = [v for v in model.optimizer.variables if v.shape.rank]
    return sum(4 * int(np.prod(v.shape)) for v in [*model.trainable_variables, *kept])


def test_a_million_items_are_trained_in_the_memory_of_their_buckets() -> None:
    model = of_a_million(BUCKETS)
    assert trained_bytes(model) <= BOUND
    batch = request_rows([[MILLION - 1, 2, 500_000, 77, 3], [4, 250_000, MILLION - 2]])
    step = tf.function(model.train_step)
    losses = [float(step(batch)["loss"]) for _ in range(8)]
    assert losses[-1] < losses[0]
    assert_all_differ(model.item_tower._ids(tf.range(MILLION, dtype=tf.int64)).numpy())


def assert_all_differ(vectors: np.ndarray[Any, Any]) -> None:
    """Their projections on one direction differ, so they do."""
    direction = np.random.default_rng(0).normal(size=vectors.shape[1])
    assert len(np.unique(vectors @ direction)) == len(vectors)


def test_a_row_for_each_item_would_take_more() -> None:
    """The control, of the memory and of what tells vectors apart."""
    assert trained_bytes(of_a_million(0)) > 20 * BOUND
    with pytest.raises(AssertionError):
        assert_all_differ(np.zeros((2, DIMENSION), np.float32))
