"""Gains in log loss, gAUC and calibration over the blessed model, from sums over requests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.metrics import scores
from trainer.metrics.paired_bootstrap import Floats, Gain, Statistic, paired_gain
from trainer.metrics.request_auc import request_auc


class Sums(NamedTuple):
    """Sums over requests; weights are those of `trainer.metrics.scores`.

    Attributes:
        weight: Of the candidates.
        labels: Weighted labels.
        scores: Weighted scores of the candidate model.
        blessed_scores: The same of the blessed one.
        saved: Weighted log losses of the blessed model less those of the candidate model.
        ordered: Requests that have an AUC.
        auc_gain: AUCs of the candidate model less those of the blessed one.
    """

    weight: float = 0.0
    labels: float = 0.0
    scores: float = 0.0
    blessed_scores: float = 0.0
    saved: float = 0.0
    ordered: float = 0.0
    auc_gain: float = 0.0


# Group of users -> its sums.
GroupSums = dict[int, Sums]

_PLACE = {name: place for place, name in enumerate(Sums._fields)}


def _ratio(sums: Floats, part: str, whole: str) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[:, _PLACE[part]] / sums[:, _PLACE[whole]])


def _calibration_gain(sums: Floats) -> Floats:
    """How much nearer to 0 the logarithm of the calibration ratio has come."""
    with np.errstate(divide="ignore", invalid="ignore"):
        new = np.abs(np.log(_ratio(sums, "scores", "labels")))
        old = np.abs(np.log(_ratio(sums, "blessed_scores", "labels")))
        return np.asarray(old - new)


STATISTICS: dict[str, Statistic] = {
    "log_loss": lambda sums: _ratio(sums, "saved", "weight"),
    "gauc": lambda sums: _ratio(sums, "auc_gain", "ordered"),
    "calibration": _calibration_gain,
}


def request_sums(
    labels: npt.NDArray[Any],
    candidate: npt.NDArray[Any],
    blessed: npt.NDArray[Any],
    sampled: npt.NDArray[Any],
) -> Sums:
    """Sums of one request, whose candidates both models scored; all arrays [C]."""
    w, y = scores.weights(sampled), np.asarray(labels, np.float64)
    new, old = scores.probabilities_or_nan(candidate), scores.probabilities_or_nan(blessed)
    saved = w * (_losses(y, old) - _losses(y, new))
    auc_gain = request_auc(y, new) - request_auc(y, old)
    ordered = not math.isnan(auc_gain)
    return Sums(
        weight=float(w.sum()),
        labels=float((w * y).sum()),
        scores=float((w * new).sum()),
        blessed_scores=float((w * old).sum()),
        saved=float(saved.sum()),
        ordered=float(ordered),
        auc_gain=auc_gain if ordered else 0.0,
    )


def score_gains(of: Mapping[int, Sums]) -> dict[str, Gain]:
    """`log_loss`, `gauc` and `calibration` -> its gain over all requests.

    A gain in log loss is by how much the loss fell; one in calibration is by how much the logarithm
    of the calibration ratio came nearer to 0, so 0.1 is about a tenth of what is promised.
    """
    sums = np.array([of[group] for group in sorted(of)], np.float64).reshape(-1, len(_PLACE))
    return {name: paired_gain(sums, statistic) for name, statistic in STATISTICS.items()}


def _losses(labels: Floats, probabilities: Floats) -> Floats:
    return scores.log_losses(np.where(np.isnan(probabilities), np.nan, labels), probabilities)
