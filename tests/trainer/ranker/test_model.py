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


@pytest.mark.parametrize("loss", ["ranker", "weighted"])
def test_the_epoch_may_be_chosen_by_log_loss_whatever_trains_the_model(
    loss: str, request: pytest.FixtureRequest, rows: Rows
) -> None:
    model = request.getfixturevalue(loss)
    parts = [rows([[2, 3], [4]], [[4, 5, 6], [7, 8, 9]]), rows([[5]], [[8, 9, 2, 3]])]
    parts[0]["candidate_probability"] *= 0.5
    log_losses = []
    for row, stands_for in zip(parts, (2.0, 1.0), strict=True):
        p = 1 / (1 + np.exp(-model(row).numpy()))
        log_losses += list(-stands_for * (np.log(p[:, 0]) + np.log1p(-p[:, 1:]).sum(axis=1)))
    found = Validation(model, parts, "probabilities", exclude_seen=False)()
    assert found == pytest.approx(-np.mean(log_losses), rel=1e-5)
    assert 0.0 < Validation(model, parts, "order", exclude_seen=False)() <= 1.0


@pytest.mark.parametrize("keep", ["order", "probabilities"])
def test_what_lists_leave_out_says_nothing_of_a_ranker(
    ranker: Ranker, rows: Rows, keep: str
) -> None:
    """The first of the candidates is what was taken."""
    asked = rows([[2, 3], [2], [5]], [[4, 5, 6], [9, 2, 7, 8], [5, 6, 7]])  # the last one again
    new = rows([[2, 3], [2]], [[4, 5, 6], [9, 7, 8]])
    found, expected = (
        Validation(ranker, [batch], keep, exclude_seen=True)() for batch in (asked, new)
    )
    assert found == pytest.approx(expected, rel=1e-5)
    assert Validation(ranker, [asked], keep, exclude_seen=False)() != pytest.approx(expected)


def test_an_id_of_few_events_lies_between_that_of_none_and_its_own(
    catalogue: Catalogue, ranker: Ranker
) -> None:
    settings = RankerSettings(dimension=8, hidden=(8,), dropout=0.0, id_shrinkage=4.0)
    model = build(description(settings), catalogue, request_rows([[2, 3]], [[4, 5]]))
    for variable, trained in zip(
        model.trainable_variables, ranker.trainable_variables, strict=True
    ):
        variable.assign(trained)
    ids, share = np.arange(2, 12), catalogue.counts[2:] / (catalogue.counts[2:] + 4.0)
    table = ranker.item_encoder._ids.embeddings
    towards_unknown = (1 - share)[:, np.newaxis] * (table[1] - tf.gather(table, ids))
    towards_unknown *= (catalogue.counts[2:] > 0)[:, np.newaxis]  # the others are there already
    expected = ranker.vectors(ids) + towards_unknown
    np.testing.assert_allclose(model.vectors(ids), expected, atol=1e-6)


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
