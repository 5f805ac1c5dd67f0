"""How well one model answered each request: all that the Verdict's checks are made of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.power.answers import Answers, Floats
from benchmarks.power.traffic import Bools, Traffic
from trainer.metrics import scores
from trainer.metrics.paired_scores import Sums
from trainer.metrics.request_auc import request_auc


class Marks(NamedTuple):
    """Marks of one model for N requests.

    Attributes:
        ranks: Place of the target in the list of 100, 0 beyond it [N].
        losses: Weighted log losses of the candidates' scores, added up [N].
        promised: Weighted scores, added up [N].
        aucs: AUC among the candidates, NaN where all labels are alike [N].
    """

    ranks: npt.NDArray[Any]
    losses: npt.NDArray[Any]
    promised: npt.NDArray[Any]
    aucs: npt.NDArray[Any]

    def of(self, rows: npt.NDArray[Any]) -> Marks:
        """The marks for some of the requests."""
        return Marks(*(mark[rows] for mark in self))


def marks(traffic: Traffic, answers: Answers) -> Marks:
    """Marks the answers to some requests."""
    known = ~np.isnan(traffic.labels)
    labels, scored = np.where(known, traffic.labels, 0.0), np.where(known, answers.scores, 0.5)
    weight = np.where(known, scores.weights(np.where(known, traffic.sampled, 1.0)), 0.0)
    return Marks(
        answers.ranks,
        (weight * scores.log_losses(labels, scored)).sum(axis=1),
        (weight * scored).sum(axis=1),
        np.array(
            [
                request_auc(of[there], by[there])
                for of, by, there in zip(labels, scored, known, strict=True)
            ]
        ),
    )


def chosen(this: Bools, one: Marks, other: Marks) -> Marks:
    """Of each request the marks of one model where `this` [N], else of the other."""
    return Marks(*(np.where(this, a, b) for a, b in zip(one, other, strict=True)))


def paired_sums(traffic: Traffic, candidate: Marks, blessed: Marks) -> Floats:
    """The `Sums` of each request [N, S]."""
    known = ~np.isnan(traffic.labels)
    weight = np.where(known, scores.weights(np.where(known, traffic.sampled, 1.0)), 0.0)
    gain = candidate.aucs - blessed.aucs
    columns = {
        "weight": weight.sum(axis=1),
        "labels": np.nansum(weight * traffic.labels, axis=1),
        "scores": candidate.promised,
        "blessed_scores": blessed.promised,
        "saved": blessed.losses - candidate.losses,
        "ordered": ~np.isnan(gain),
        "auc_gain": np.nan_to_num(gain),
    }
    return np.stack([columns[name] for name in Sums._fields], axis=1)
