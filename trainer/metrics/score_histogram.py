"""TFMA: the histogram of the candidates' scores, computed once for all metrics of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
from tensorflow_model_analysis.metrics import metric_types

from trainer.metrics import scores
from trainer.metrics.row_scores import Head, row_scores

_HISTOGRAM_NAME = "_score_histogram"


class ScoreHistogramPreprocessor(metric_types.Preprocessor):
    """One evaluated row with its candidates -> the histogram of their scores."""

    def __init__(self, head: Head, model_name: str) -> None:
        super().__init__(name=f"score_histogram:{':'.join(map(str, head))}:{model_name}")
        self._head = head
        self._model_name = model_name

    def process(self, extracts: Mapping[str, Any]) -> Iterator[scores.Histogram]:
        """Yields one histogram, or none for a repeat that is not measured."""
        if self._head.measures(extracts):
            row = row_scores(extracts, self._head, self._model_name)
            yield scores.histogram(row.labels, row.scores, row.sampled)


class ScoreHistogramCombiner(beam.CombineFn):
    """Adds histograms up."""

    def __init__(self, key: metric_types.MetricKey) -> None:
        self._key = key

    def create_accumulator(self) -> scores.Histogram:
        """No candidate yet."""
        return {}

    def add_input(
        self, accumulator: scores.Histogram, element: scores.Histogram
    ) -> scores.Histogram:
        """Adds one row."""
        return scores.add(accumulator, element)

    def merge_accumulators(self, accumulators: Iterable[scores.Histogram]) -> scores.Histogram:
        """Adds totals up."""
        total: scores.Histogram = {}
        for histogram in accumulators:
            scores.add(total, histogram)
        return total

    def extract_output(self, accumulator: scores.Histogram) -> dict[Any, scores.Histogram]:
        """The histogram, for the metrics derived from it."""
        return {self._key: accumulator}


def score_metric(
    key: metric_types.MetricKey, formula: Callable[[scores.Histogram], Any], head: Head
) -> list[Any]:
    """Computations of one metric or plot of scores, derived from the shared histogram of a head."""
    name = ":".join([_HISTOGRAM_NAME, *map(str, head)])
    histogram_key = metric_types.MetricKey(name=name, model_name=key.model_name)

    def result(metrics: Mapping[Any, Any]) -> dict[Any, Any]:
        return {key: formula(metrics[histogram_key])}

    return [
        metric_types.MetricComputation(
            keys=[histogram_key],
            preprocessors=[ScoreHistogramPreprocessor(head, key.model_name)],
            combiner=ScoreHistogramCombiner(histogram_key),
        ),
        metric_types.DerivedMetricComputation(keys=[key], result=result),
    ]
