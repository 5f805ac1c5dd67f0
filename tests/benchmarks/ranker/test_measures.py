"""Tests of the measures: the truth is as good as can be, and what is not calibrated is seen."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.ranker.measures import (
    AUC,
    CALIBRATION,
    DISTANCE,
    ECE,
    LIST_AUC,
    LOG_LOSS,
    measured,
    probabilities,
    truth,
    truth_without_place,
)
from benchmarks.ranker.table import Table

LISTS, SIZE = 8_000, 5
KEPT = 0.4  # of the candidates without a click


def logit(p: np.ndarray) -> np.ndarray:
    return np.log(p) - np.log1p(-p)


@pytest.fixture(scope="module")
def table() -> Table:
    """Clicks drawn by the truth; four of ten candidates without one are kept."""
    rng = np.random.default_rng(0)
    row = np.repeat(np.arange(LISTS), SIZE)
    drawn = Table(
        columns=np.zeros((len(row), 0), np.float32),
        is_category=np.zeros(0, np.bool_),
        row=row,
        label=np.zeros(len(row)),
        probability=np.ones(len(row)),
        relevance=rng.beta(1, 4, len(row)),
        place=rng.integers(0, 10, len(row)),
        measured=np.ones(len(row), np.bool_),
    )
    clicked = rng.random(len(row)) < truth(drawn)
    kept = clicked | (rng.random(len(row)) < KEPT)
    known = drawn._replace(label=clicked.astype(float), probability=np.where(clicked, 1.0, KEPT))
    return known._replace(measured=kept).only_measured()


def test_the_truth_is_calibrated_and_nothing_is_nearer(table: Table) -> None:
    found = measured(truth(table), table)
    assert found[DISTANCE] == 0.0
    assert found[CALIBRATION] == pytest.approx(1.0, abs=0.05)
    assert found[ECE] < 0.01
    blind = measured(truth_without_place(table), table)
    assert blind[AUC] < found[AUC]
    assert blind[LIST_AUC] < found[LIST_AUC]
    assert blind[LOG_LOSS] > found[LOG_LOSS]
    assert blind[DISTANCE] > 0.0


def test_scores_become_probabilities_of_the_whole_traffic(table: Table) -> None:
    scores = 3.0 * logit(truth(table)) - 7.0
    found = measured(probabilities(scores, scores, table), table)
    assert found[CALIBRATION] == pytest.approx(1.0, abs=1e-3)
    assert found[DISTANCE] < 0.01


def test_of_rare_positives_as_many_are_promised_as_there_are(table: Table) -> None:
    """As where each candidate that was drawn stands for thousands."""
    rare = table._replace(probability=np.where(table.label > 0, 1.0, 1e-4))
    scores = 3.0 * logit(truth(table)) - 7.0
    found = measured(probabilities(scores, scores, rare), rare)
    assert found[CALIBRATION] == pytest.approx(1.0, abs=1e-3)


def test_without_the_correction_for_thinning_too_much_is_promised(table: Table) -> None:
    scores = logit(truth(table))
    as_if_whole = table._replace(probability=np.ones(len(table.label)))
    found = measured(probabilities(scores, scores, as_if_whole), table)
    assert found[CALIBRATION] > 1.5
    assert found[ECE] > 0.01


def test_positives_for_whose_like_nothing_stands_change_nothing(table: Table) -> None:
    """As purchases of products that training does not know; nobody promises these anything."""
    more = len(table.label) // 50
    parts = {name: getattr(table, name) for name in table._fields}
    parts |= {name: np.concatenate([v, v[:more]]) for name, v in parts.items() if len(v)}
    parts["label"][-more:] = parts["probability"][-more:] = 1.0
    parts["measured"][-more:] = False
    with_them = Table(**parts)
    scores = logit(np.append(truth(table), np.full(more, 1e-3)))
    known = scores[:-more]
    alone = measured(probabilities(known, known, table), table)
    assert measured(probabilities(scores, scores, with_them), with_them) == alone
    as_if_measured = with_them._replace(measured=np.ones(len(scores), np.bool_))
    found = measured(probabilities(scores, scores, with_them), as_if_measured)
    assert found[CALIBRATION] < 0.95


def test_of_probabilities_whose_truth_nobody_knows_the_distance_is_not_told(table: Table) -> None:
    unknown = table._replace(relevance=np.full(len(table.label), np.nan))
    found = measured(truth(table), unknown)
    assert DISTANCE not in found
    assert found[AUC] == measured(truth(table), table)[AUC]
