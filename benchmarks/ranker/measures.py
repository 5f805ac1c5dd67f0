"""How good scores are: as an order, as probabilities, and against the truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.ranker.table import Floats, Table
from simulation.choice import Behaviour
from trainer.metrics import scores as metrics
from trainer.metrics.request_auc import request_auc

AUC, LIST_AUC = "AUC", "AUC within lists"
LOG_LOSS, ENTROPY = "log loss", "normalised entropy"
CALIBRATION, ECE = "calibration ratio", "ECE, 15 bins"
DISTANCE = "distance to the true probability"


def probabilities(scores: Floats, validation: Floats, known: Table) -> Floats:
    """Scores as probabilities, by the validation candidates (Platt, 1999).

    A candidate counts for all that it stands for, so what thinning took away is put back.
    Those that are not measured teach nothing here.

    Args:
        scores: What is to be made a probability.
        validation: Scores of the validation candidates.
        known: These candidates.
    """
    # The default stops too early where positives are rare: their part of the gradient is small.
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-9)
    of = known.only_measured()
    validation = validation[known.measured, np.newaxis]
    model.fit(validation, of.label, sample_weight=1.0 / of.probability)
    result: Floats = model.predict_proba(scores[:, np.newaxis])[:, 1]
    return result


def measured(probability: Floats, table: Table) -> dict[str, float]:
    """All measures of the probabilities given to the candidates of a table that are measured.

    How far they are from the true ones is among these where those are known.
    """
    probability, table = probability[table.measured], table.only_measured()
    sums = metrics.histogram(table.label, probability, table.probability)
    weight = metrics.weights(table.probability)
    of_truth = (
        {DISTANCE: float(np.average(np.abs(probability - truth(table)), weights=weight))}
        if table.knows_the_truth
        else {}
    )
    return {
        AUC: metrics.auc(sums),
        LIST_AUC: _within_lists(probability, table),
        LOG_LOSS: metrics.log_loss(sums),
        ENTROPY: metrics.normalised_entropy(sums),
        CALIBRATION: metrics.calibration(sums),
        ECE: metrics.ece(sums),
        **of_truth,
    }


def truth(table: Table) -> Floats:
    """Probability of a click on each candidate at its place."""
    return table.relevance * Behaviour().examination()[table.place]


def truth_without_place(table: Table) -> Floats:
    """The same at the average place, for no side is told which it will be."""
    seen = Behaviour().examination()[table.place]
    return table.relevance * np.average(seen, weights=1.0 / table.probability)


def _within_lists(probability: Floats, table: Table) -> float:
    ends = np.cumsum(table.sizes)[:-1]
    lists: list[tuple[Any, Any]] = list(
        zip(np.split(table.label, ends), np.split(probability, ends), strict=True)
    )
    found = [request_auc(labels, scores) for labels, scores in lists]
    return float(np.mean([auc for auc in found if not math.isnan(auc)]))
