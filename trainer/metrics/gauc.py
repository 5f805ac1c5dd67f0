"""TFMA metric: gAUC, the mean over requests of the AUC among the candidates of one request."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics.request_auc import request_auc
from trainer.metrics.row_scores import SCORE, Head, row_scores
from transform.features import LABEL

# Sum of the AUCs, and number of requests that have one.
Total = tuple[float, int]


class RequestAucPreprocessor(metric_types.Preprocessor):
    """One evaluated row -> its AUC, if it has one."""

    def __init__(self, head: Head, model_name: str) -> None:
        super().__init__(name=f"request_auc:{':'.join(map(str, head))}:{model_name}")
        self._head = head
        self._model_name = model_name

    def process(self, extracts: Mapping[str, Any]) -> Iterator[float]:
        """Yields at most one AUC."""
        if not self._head.measures(extracts):
            return
        row = row_scores(extracts, self._head, self._model_name)
        auc = request_auc(row.labels, row.scores)
        if not math.isnan(auc):
            yield auc


class MeanCombiner(beam.CombineFn):
    """Mean of numbers; NaN where there are none."""

    def __init__(self, key: metric_types.MetricKey) -> None:
        self._key = key

    def create_accumulator(self) -> Total:
        """No request yet."""
        return 0.0, 0

    def add_input(self, accumulator: Total, element: float) -> Total:
        """Adds one request."""
        return accumulator[0] + element, accumulator[1] + 1

    def merge_accumulators(self, accumulators: Iterable[Total]) -> Total:
        """Adds totals up."""
        totals = list(accumulators)
        return math.fsum(total for total, _ in totals), sum(count for _, count in totals)

    def extract_output(self, accumulator: Total) -> dict[Any, float]:
        """The mean."""
        total, count = accumulator
        return {self._key: total / count if count else math.nan}


class RequestAuc(metric_types.Metric):
    """gAUC of one head: every request with both labels counts once.

    The group is the request, which is finer than the user: a user's tastes at two moments are not
    held against each other. No weights: within a request all negatives were sampled alike.

    Source: Zhu et al., Optimized Cost per Click in Taobao Display Advertising, KDD 2017 (gAUC).
    """

    def __init__(
        self,
        name: str = "gauc",
        label: str = LABEL,
        prediction: str = SCORE,
        repeats: bool = True,
    ) -> None:
        """Reads labels and scores of a head (see `row_scores.Head`)."""
        super().__init__(
            metric_util.merge_per_key_computations(_gauc),
            name=name,
            label=label,
            prediction=prediction,
            repeats=repeats,
        )


def _gauc(name: str, label: str, prediction: str, repeats: bool, model_name: str = "") -> list[Any]:
    key = metric_types.MetricKey(name=name, model_name=model_name)
    return [
        metric_types.MetricComputation(
            keys=[key],
            preprocessors=[RequestAucPreprocessor(Head(label, prediction, repeats), model_name)],
            combiner=MeanCombiner(key),
        )
    ]


metric_types.register_metric(RequestAuc)
