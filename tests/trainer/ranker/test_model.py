"""Tests of the ranker on a toy shop."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.conftest import description, request_rows
from trainer.catalogue import Catalogue
from trainer.ranker.loss import BinaryLoss, combined_pair
from trainer.ranker.model import Candidates, Ranker
from trainer.ranker.training import build
from trainer.ranker.validation import Validation, ranks_of_positives
from trainer.sequences import request_history
from trainer.settings import RankerSettings

Rows = Callable[..., dict[str, Any]]

WEIGHTED = BinaryLoss(positive_weight=5.0, focal_gamma=2.0)


@pytest.fixture
def weighted(catalogue: Catalogue, ranker: Ranker) -> Ranker:
    """The ranker with its weights, but trained by another loss."""
    settings = RankerSettings(
        dimension=8, hidden=(8,), dropout=0.0, positive_weight=5.0, focal_gamma=2.0
    )
    model = build(description(settings), catalogue, request_rows([[2, 3]], [[4, 5]]))
    model.set_weights(ranker.get_weights())
    return model


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


def test_the_loss_is_of_other_logits_than_those_that_leave_the_model(
    ranker: Ranker, weighted: Ranker, rows: Rows
) -> None:
    batch = rows([[2, 3], [4]], [[4, 5, 6], [7, 8, 9]])
    logits = ranker(batch)
    np.testing.assert_allclose(weighted(batch), WEIGHTED.true_logits(logits), rtol=1e-6)
    labels, probability = tf.constant([[1.0, 0.0, 0.0]] * 2), tf.ones([2, 3])
    expected = tf.reduce_mean(combined_pair(labels, logits, probability, WEIGHTED))
    assert float(weighted.compute_loss(batch)) == pytest.approx(float(expected), rel=1e-5)


def test_what_the_recommender_asks_for_leaves_the_model_alike(weighted: Ranker, rows: Rows) -> None:
    batch = rows([[2, 3], [4]], [[4, 5, 6], [7, 8, 9]])
    history = request_history(batch, weighted.length)
    ids = batch["candidate_item_id"].to_tensor()
    shown = Candidates(ids, weighted.vectors(ids), tf.zeros([2, 3, 0]))
    scores = weighted.score(shown, weighted.vectors(history["items"]), history, batch)
    np.testing.assert_allclose(scores, weighted(batch), rtol=1e-5)


@pytest.mark.parametrize("changed", [{}, {"positive_weight": 5.0, "focal_gamma": 2.0}])
def test_before_training_one_item_of_ten_is_as_likely_as_another(
    catalogue: Catalogue, changed: dict[str, float]
) -> None:
    settings = RankerSettings(dimension=8, hidden=(8,), **changed)
    row = request_rows([[]], [[2, 3]])
    model = build(description(settings), catalogue, row)
    model.set_weights([w if w.shape == (1,) else np.zeros_like(w) for w in model.get_weights()])
    np.testing.assert_allclose(model(row), np.full((1, 2), -math.log(10.0)), rtol=1e-5)


def test_a_list_costs_what_it_costs_whatever_longer_ones_stand_beside_it(
    weighted: Ranker, rows: Rows
) -> None:
    """So the replicas of a training, each with rows of its own, have the loss of one."""
    histories, candidates = [[2, 3], [4], [5], []], [[4, 5], [6, 7], [8, 9, 2, 3], [7, 8, 9]]
    whole = float(weighted.compute_loss(rows(histories, candidates)))
    halves = [
        float(weighted.compute_loss(rows(histories[part], candidates[part])))
        for part in (slice(2), slice(2, 4))
    ]
    assert whole == pytest.approx(sum(halves) / 2, rel=1e-6)


def test_the_epoch_may_be_chosen_by_the_loss_of_the_validation_rows(
    ranker: Ranker, weighted: Ranker, rows: Rows
) -> None:
    parts = [rows([[2, 3], [4]], [[4, 5, 6], [7, 8, 9]]), rows([[5]], [[8, 9, 2, 3]])]
    for model in (ranker, weighted):
        loss = (2 * model.compute_loss(parts[0]) + model.compute_loss(parts[1])) / 3
        found = Validation(model, parts, "probabilities")()
        assert found == pytest.approx(-float(loss), rel=1e-5)
    # The order says nothing of how likely; the loss does.
    same_order = [Validation(model, parts, "order")() for model in (ranker, weighted)]
    assert same_order[0] == same_order[1]


def test_an_id_of_few_events_counts_less(catalogue: Catalogue, ranker: Ranker) -> None:
    settings = RankerSettings(dimension=8, hidden=(8,), dropout=0.0, id_shrinkage=4.0)
    model = build(description(settings), catalogue, request_rows([[2, 3]], [[4, 5]]))
    for variable, trained in zip(
        model.trainable_variables, ranker.trainable_variables, strict=True
    ):
        variable.assign(trained)
    known, counts = np.flatnonzero(catalogue.counts), catalogue.counts[catalogue.counts > 0]
    own = tf.gather(ranker.item_encoder._ids.embeddings, known)
    taken = own * (4.0 / (counts + 4.0))[:, np.newaxis]
    np.testing.assert_allclose(model.vectors(known), ranker.vectors(known) - taken, atol=1e-6)
    strange = np.flatnonzero(catalogue.counts == 0)  # they show what all unknown share, in full
    np.testing.assert_array_equal(model.vectors(strange), ranker.vectors(strange))


def test_a_place_without_a_candidate_takes_no_rank(rows: Rows) -> None:
    batch = rows([[2], [3]], [[4, 5], [6, 7, 8]])
    logits = np.array([[0.0, -1.0, 9.0], [0.0, -1.0, 9.0]], np.float32)
    real = np.array([[True, True, False], [True, True, True]])
    assert ranks_of_positives(logits, batch, real).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("labels", "ranks"),
    [
        ([1.0, 0.0, 0.0], [2]),
        ([0.0, 1.0, 1.0], [0]),  # the better of two, whatever their logits add up to
        ([1.0, 1.0, 0.0], [1]),
        ([0.0, 0.0, 0.0], []),  # of a list that nobody did anything with
    ],
)
def test_the_best_positive_of_a_shown_list_has_a_rank_among_its_negatives(
    labels: list[float], ranks: list[int]
) -> None:
    logits = np.array([[-3.0, -2.0, -1.0]], np.float32)
    row = {"label": tf.ragged.constant([labels])}
    assert ranks_of_positives(logits, row, np.ones((1, 3), bool)).tolist() == ranks


@pytest.mark.slow
def test_two_replicas_have_the_loss_of_one() -> None:
    """The lists of one are longer than those of the other."""
    command = [sys.executable, "-m", "tests.trainer.ranker.replicas"]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    losses = json.loads(said.stdout)
    assert len(losses["two"]) == 2
    assert sum(losses["two"]) == pytest.approx(losses["one"][0], rel=1e-6)
