"""Combination and calibration of scores, fitted on held-out requests, or on lists that were shown.

The weights of the combination come from a conditional logit over each request's candidates (which
order them), the slope and offset from a logistic regression over all candidates (which make the
score a probability; Platt, 1999). Neither model saw the held-out requests, so an overfitted score
earns little weight here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit

from transform.settings import Frozen

_L2 = 1e-3


class Calibration(Frozen):
    """probability = sigmoid(slope * sum(weights * signals) + offset)."""

    weights: tuple[float, ...]
    slope: float
    offset: float


def fit_calibration(
    signals: npt.NDArray[np.float32],
    valid: npt.NDArray[np.bool_],
    labels: npt.NDArray[np.bool_],
    *,
    in_order_shown: bool = False,
) -> Calibration:
    """Fits the combination.

    Args:
        signals: Scores of each candidate, [N, C, F].
        valid: Which places hold a candidate, [N, C].
        labels: Which candidates were taken, [N, C].
        in_order_shown: Whether users saw the candidates in this order. Who shows the best first
            gets clicks in the first places whatever is there, so the logarithm of the place takes
            its part of them, and is left out of what is served: examination falls with a power of
            the place (Joachims et al., Unbiased Learning-to-Rank with Biased Feedback, WSDM 2017).

    Raises:
        ValueError: No held-out request has its item among the candidates, or nothing was taken of
            the lists.
    """
    hit = (labels & valid).any(axis=1)
    if in_order_shown and not hit.any():
        raise ValueError(
            "Calibration needs held-out lists of which something was taken. Received: "
            f"{len(labels)} lists, and nothing taken. Look at what follows from impressions in the "
            "log (`examples.attribution_hours`), or leave `recommender.calibration` out."
        )
    if not hit.any():
        raise ValueError(
            "Calibration needs held-out requests whose item was retrieved. Received: "
            f"{len(labels)} requests, none with a hit. Provide more events, or raise "
            "recommender.candidates."
        )
    known = signals[hit]
    if in_order_shown:
        place = np.log1p(np.arange(signals.shape[1], dtype=np.float32))[:, np.newaxis]
        known = np.concatenate([known, np.broadcast_to(place, (*known.shape[:2], 1))], axis=-1)
    weights = _conditional_logit(known, valid[hit], labels[hit])[: signals.shape[-1]]
    scores = signals @ weights
    slope, offset = _platt(scores[valid], labels[valid])
    return Calibration(weights=tuple(map(float, weights)), slope=slope, offset=offset)


def at_rate(
    calibration: Calibration,
    signals: npt.NDArray[np.float32],
    valid: npt.NDArray[np.bool_],
    labels: npt.NDArray[np.bool_],
) -> Calibration:
    """The same order and spread of scores, promising as many as were taken of other candidates.

    Args:
        calibration: Says both.
        signals: Of the others [N, C, F].
        valid: Which places hold a candidate [N, C].
        labels: Which candidates were taken, one at least [N, C].
    """
    scores = calibration.slope * (signals @ np.array(calibration.weights))[valid]
    rate = labels[valid].mean()

    def missed(offset: float) -> float:
        return float(expit(scores + offset).mean() - rate)

    middle = logit(rate) - scores.mean()
    reach = np.ptp(scores) + 1.0
    offset = brentq(missed, middle - reach, middle + reach)
    return calibration.model_copy(update={"offset": float(offset)})


def _conditional_logit(
    signals: npt.NDArray[np.float32],
    valid: npt.NDArray[np.bool_],
    labels: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    x = signals.astype(np.float64)
    there = x[valid]
    # What is yes or no is not made larger where it is rare: few requests tell of it then, and the
    # penalty keeps what they do not tell at nothing.
    is_flag = ((there == 0.0) | (there == 1.0)).all(axis=0)
    scale = np.where(is_flag, 1.0, np.maximum(there.std(axis=0), 1e-6))
    x /= scale
    chosen = labels & valid
    # Of several that were taken, each is held against the whole list.
    times = chosen.sum(axis=1, keepdims=True)

    def loss(w: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        z = np.where(valid, x @ w, -np.inf)
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1, keepdims=True)
        p /= total
        value = ((times * np.log(total)).sum() - z[chosen].sum()) / len(x) + _L2 * (w @ w)
        gradient = -np.einsum("ncf,nc->f", x, chosen - times * p) / len(x) + 2 * _L2 * w
        return float(value), gradient

    result = minimize(loss, np.zeros(x.shape[-1]), jac=True, method="L-BFGS-B")
    return np.asarray(result.x / scale)


def _platt(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of a logistic regression on one score."""
    y = labels.astype(np.float64)
    rate = y.mean()

    def loss(ab: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        z = ab[0] * scores + ab[1]
        value = np.logaddexp(0.0, z) - y * z
        error = expit(z) - y
        # Per candidate taken: per candidate, the optimiser's tolerance would end it too early where
        # few are taken.
        return float(value.mean() / rate), np.array([(error * scores).mean(), error.mean()]) / rate

    start = np.array([1.0, np.log(rate / (1.0 - rate)) - scores.mean()])
    slope, offset = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return float(slope), float(offset)
