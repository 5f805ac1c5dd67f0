"""Tests of the two-tower model on a toy shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.conftest import description
from trainer.catalogue import Catalogue
from trainer.sequences import request_history
from trainer.settings import RetrieverSettings
from trainer.two_tower.model import TwoTower
from trainer.two_tower.training import build

Rows = Callable[..., dict[str, Any]]


def test_vectors_of_both_towers_have_unit_length(retriever: TwoTower, rows: Rows) -> None:
    queries = retriever(rows([[2, 3], [], [4]])).numpy()
    items = retriever.item_vectors(tf.range(12, dtype=tf.int64)).numpy()
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(items, axis=1), 1.0, rtol=1e-5)


def test_a_position_does_not_see_what_follows_it(retriever: TwoTower, rows: Rows) -> None:
    one, other = rows([[2, 3, 4, 5]]), rows([[2, 3, 4, 9]])
    queries = [retriever.queries(request_history(r, 4), r).numpy() for r in (one, other)]
    np.testing.assert_allclose(queries[0][0, :3], queries[1][0, :3], atol=1e-6)
    assert not np.allclose(queries[0][0, 3], queries[1][0, 3], atol=1e-3)


def test_a_request_is_asked_from_the_last_position(retriever: TwoTower, rows: Rows) -> None:
    row = rows([[2, 3, 4, 5], [6], []])
    everywhere = retriever.queries(request_history(row, 4), row).numpy()
    np.testing.assert_allclose(retriever(row).numpy(), everywhere[:, -1], atol=1e-6)


def test_a_newcomer_of_training_is_a_request_without_history(
    retriever: TwoTower, rows: Rows
) -> None:
    trained = retriever._newcomers(rows([[2, 3]]), training=False).numpy()
    asked = retriever(rows([[]])).numpy()
    np.testing.assert_allclose(trained, asked, atol=1e-6)


def test_newcomers_move_no_weight_out_of_all_proportion(retriever: TwoTower, rows: Rows) -> None:
    """Of whom nothing is known, the first query would be zeros, whose norms have no slope."""
    unknown = rows([[2, 3]]) | {"age": tf.zeros([1, 2])}
    with tf.GradientTape() as tape:
        loss = retriever.compute_loss(unknown, training=True)
    gradients = tape.gradient(loss, retriever.trainable_variables)
    norms = [float(tf.norm(tf.convert_to_tensor(g))) for g in gradients if g is not None]
    assert 0 < max(norms) < 100


def test_padding_changes_nothing(retriever: TwoTower, rows: Rows) -> None:
    alone = retriever(rows([[2, 3]])).numpy()
    beside_a_long_one = retriever(rows([[2, 3], [4, 5, 6, 7]])).numpy()
    np.testing.assert_allclose(alone[0], beside_a_long_one[0], atol=1e-6)


def test_an_item_without_events_is_its_content(retriever: TwoTower) -> None:
    """Items 9 and 11 have the same colour; only 11 was never seen, so only its id is hidden."""
    table = retriever.item_tower.variables[0]
    before = retriever.item_vectors(tf.constant([9, 11], tf.int64)).numpy()
    table.assign(tf.tensor_scatter_nd_add(table, [[9], [11]], tf.ones([2, 8])))
    after = retriever.item_vectors(tf.constant([9, 11], tf.int64)).numpy()
    assert not np.allclose(before[0], after[0], atol=1e-3)
    np.testing.assert_allclose(before[1], after[1], atol=1e-6)


def test_all_items_are_candidates_where_a_batch_has_as_many_positions() -> None:
    auto = RetrieverSettings(batch_size=8)
    assert auto.is_full_softmax(items=400, length=50)
    assert not auto.is_full_softmax(items=401, length=50)
    assert RetrieverSettings(softmax="full").is_full_softmax(items=10**6, length=2)
    assert not RetrieverSettings(softmax="sampled").is_full_softmax(items=1, length=2)


@pytest.mark.slow
@pytest.mark.parametrize(("softmax", "in_batch"), [("full", 512), ("sampled", 512), ("sampled", 3)])
def test_training_learns_what_follows_what(
    catalogue: Catalogue, rows: Rows, softmax: str, in_batch: int
) -> None:
    """In a shop where item i is always followed by i + 1, the retriever finds the follower."""
    tf.keras.utils.set_random_seed(1)
    settings = RetrieverSettings(
        dimension=8,
        layers=1,
        heads=2,
        in_batch_negatives=in_batch,
        uniform_negatives=5,
        dropout=0.0,
        softmax=softmax,
    )
    retriever = build(description(settings), catalogue, rows([[2, 3]]), seed=3)
    chains = [[2 + (start + i) % 8 for i in range(5)] for start in range(8)]
    batch = rows(chains)
    retriever.compile(optimizer=tf.keras.optimizers.Adam(0.02))
    step = tf.function(retriever.train_step)
    losses = [float(step(batch)["loss"]) for _ in range(60)]
    assert losses[-1] < losses[0] / 2
    queries = retriever(rows([[2, 3, 4], [6, 7, 8]]))
    scores = queries @ tf.transpose(retriever.item_vectors(tf.range(12, dtype=tf.int64)))
    assert tf.argmax(scores[:, 2:], axis=1).numpy().tolist() == [5 - 2, 9 - 2]
