"""TFMA metrics of the ranker's scores: `label` [C] against `score` [C] of each request.

AUC, log loss, normalised entropy, mean label, mean prediction, calibration ratio, relative ECE; the
formulas and what is weighted are in `trainer.metrics.scores`. TFMA's own versions know no weight
for each candidate, look at probabilities in steps of 1/10,000, and its BinaryCrossEntropy counts
rows twice when Beam splits the work (it merges the first accumulator with itself).
"""

from __future__ import annotations

from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics import scores
from trainer.metrics.score_histogram import score_metric

_FORMULAS = {
    "auc": scores.auc,
    "log_loss": scores.log_loss,
    "normalised_entropy": scores.normalised_entropy,
    "mean_label": scores.mean_label,
    "mean_prediction": scores.mean_prediction,
    "calibration": scores.calibration,
    "relative_ece": lambda of: scores.relative_ece(of, bins=10),
}


class ScoreMetric(metric_types.Metric):
    """One metric of the candidates' scores.

    Args:
        name: `auc`, `log_loss`, `normalised_entropy`, `mean_label`, `mean_prediction`,
            `calibration` or `relative_ece`.
    """

    def __init__(self, name: str) -> None:
        """Checks the name.

        Raises:
            ValueError: If there is no such metric.
        """
        if name not in _FORMULAS:
            raise ValueError(f"`name` must be one of {', '.join(_FORMULAS)}. Received: {name!r}.")
        super().__init__(metric_util.merge_per_key_computations(_score_metric), name=name)


def _score_metric(name: str, eval_config: Any = None, model_name: str = "") -> list[Any]:
    key = metric_types.MetricKey(name=name, model_name=model_name)
    return score_metric(key, _FORMULAS[name], eval_config)


metric_types.register_metric(ScoreMetric)
