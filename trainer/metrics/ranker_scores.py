"""TFMA metrics of the ranker's scores: labels [C] against scores [C] of each request, by head.

AUC, log loss, normalised entropy, mean label, mean prediction, calibration ratio, ECE, relative
ECE; the formulas and what is weighted are in `trainer.metrics.scores`. TFMA's own versions know no
weight for each candidate, look at probabilities in steps of 1/10,000, and its BinaryCrossEntropy
counts rows twice when Beam splits the work (it merges the first accumulator with itself).
"""

from __future__ import annotations

from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics import scores
from trainer.metrics.row_scores import SCORE, Head
from trainer.metrics.score_histogram import score_metric
from transform.features import LABEL

_FORMULAS = {
    "auc": scores.auc,
    "log_loss": scores.log_loss,
    "normalised_entropy": scores.normalised_entropy,
    "mean_label": scores.mean_label,
    "mean_prediction": scores.mean_prediction,
    "calibration": scores.calibration,
    "ece": scores.ece,
    "relative_ece": lambda of: scores.relative_ece(of, bins=10),
}


class ScoreMetric(metric_types.Metric):
    """One metric of the candidates' scores of one head.

    Args:
        name: What the result is called.
        metric: `auc`, `log_loss`, `normalised_entropy`, `mean_label`, `mean_prediction`,
            `calibration`, `ece` or `relative_ece`; by default the name.
        label: Feature of the rows that holds the head's labels.
        prediction: Output of the signature that holds the head's scores.
        repeats: Whether requests for an item that the user has had are measured.
    """

    def __init__(
        self,
        name: str,
        metric: str = "",
        label: str = LABEL,
        prediction: str = SCORE,
        repeats: bool = True,
    ) -> None:
        """Checks the metric.

        Raises:
            ValueError: If there is no such metric.
        """
        metric = metric or name
        if metric not in _FORMULAS:
            raise ValueError(
                f"`metric` must be one of {', '.join(_FORMULAS)}. Received: {metric!r}."
            )
        super().__init__(
            metric_util.merge_per_key_computations(_score_metric),
            name=name,
            metric=metric,
            label=label,
            prediction=prediction,
            repeats=repeats,
        )


def _score_metric(
    name: str, metric: str, label: str, prediction: str, repeats: bool, model_name: str = ""
) -> list[Any]:
    key = metric_types.MetricKey(name=name, model_name=model_name)
    return score_metric(key, _FORMULAS[metric], Head(label, prediction, repeats))


metric_types.register_metric(ScoreMetric)
