"""TFMA: the histogram of the candidates' scores, computed once for all metrics of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics import scores
from transform.features import CANDIDATE_PROBABILITY

_HISTOGRAM_NAME = "_score_histogram"


class ScoreHistogramPreprocessor(metric_types.Preprocessor):
    """One evaluated row with its candidates -> the histogram of their scores.

    The row has `label` [C] and `candidate_probability` [C]; the prediction may be longer, where a
    batch was padded to its longest row.
    """

    def __init__(self, eval_config: Any, model_name: str) -> None:
        super().__init__(name=f"score_histogram:{model_name}")
        self._eval_config = eval_config
        self._model_name = model_name

    def process(self, extracts: Mapping[str, Any]) -> Iterator[scores.Histogram]:
        """Yields one histogram.

        Raises:
            ValueError: If label, sampling probability and score do not belong together.
        """
        label, score, _ = next(
            metric_util.to_label_prediction_example_weight(
                metric_util.to_standard_metric_inputs(extracts),
                eval_config=self._eval_config,
                model_name=self._model_name,
                flatten=False,
            )
        )
        sampled = np.ravel(extracts[constants.FEATURES_KEY][CANDIDATE_PROBABILITY])
        if not label.size == sampled.size <= score.size:
            raise ValueError(
                f"A ranking row needs a label, a `{CANDIDATE_PROBABILITY}` and a score for each "
                f"candidate. Received: {label.size} labels, {sampled.size} probabilities, "
                f"{score.size} scores. Look at the rows and at the evaluated signature."
            )
        yield scores.histogram(np.ravel(label), np.ravel(score)[: label.size], sampled)


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
    key: metric_types.MetricKey, formula: Callable[[scores.Histogram], Any], eval_config: Any
) -> list[Any]:
    """Computations of one metric or plot of scores, derived from the shared histogram."""
    model_name = key.model_name
    histogram_key = metric_types.MetricKey(name=_HISTOGRAM_NAME, model_name=model_name)

    def result(metrics: Mapping[Any, Any]) -> dict[Any, Any]:
        return {key: formula(metrics[histogram_key])}

    return [
        metric_types.MetricComputation(
            keys=[histogram_key],
            preprocessors=[ScoreHistogramPreprocessor(eval_config, model_name)],
            combiner=ScoreHistogramCombiner(histogram_key),
        ),
        metric_types.DerivedMetricComputation(keys=[key], result=result),
    ]
