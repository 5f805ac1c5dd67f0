"""TFMA: the ranks of the targets in the served lists, computed once for all ranking metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics import ranks

# A leading underscore keeps TFMA from writing the counts into the results.
_RANKS_NAME = "_target_rank_counts"
_RANK = "target_rank"

Formula = Callable[[Mapping[int, int], int], float]


class TargetRankPreprocessor(metric_types.Preprocessor):
    """One evaluated row -> the rank of its label in its list of predictions.

    It runs once a row; what is left for every slice is to count an integer.
    """

    def __init__(self, eval_config: Any, model_name: str) -> None:
        super().__init__(name=f"{_RANK}:{model_name}")
        self._eval_config = eval_config
        self._model_name = model_name

    def process(self, extracts: Mapping[str, Any]) -> Iterator[dict[str, int]]:
        """Yields `{"target_rank": rank}`."""
        target, items = label_and_list(extracts, self._eval_config, self._model_name)
        yield {_RANK: ranks.target_rank(items, target)}


class RankCountsCombiner(beam.CombineFn):
    """Counts ranks: {rank: queries}."""

    def __init__(self, key: metric_types.MetricKey) -> None:
        self._key = key

    def create_accumulator(self) -> dict[int, int]:
        """No query yet."""
        return {}

    def add_input(self, accumulator: dict[int, int], element: Mapping[str, int]) -> dict[int, int]:
        """Counts one query."""
        rank = element[_RANK]
        accumulator[rank] = accumulator.get(rank, 0) + 1
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[dict[int, int]]) -> dict[int, int]:
        """Adds counts up."""
        total: dict[int, int] = {}
        for counts in accumulators:
            for rank, queries in counts.items():
                total[rank] = total.get(rank, 0) + queries
        return total

    def extract_output(self, accumulator: dict[int, int]) -> dict[Any, dict[int, int]]:
        """The counts, for the metrics derived from them."""
        return {self._key: accumulator}


def label_and_list(
    extracts: Mapping[str, Any], eval_config: Any, model_name: str
) -> tuple[bytes, list[bytes]]:
    """The label and the predicted list [K] of one row.

    Raises:
        ValueError: If the label is not exactly one value.
    """
    inputs = metric_util.to_standard_metric_inputs(extracts)
    label, prediction, _ = next(
        metric_util.to_label_prediction_example_weight(
            inputs, eval_config=eval_config, model_name=model_name, flatten=False
        )
    )
    if label.size != 1:
        raise ValueError(
            "Metrics of lists need exactly one target item in each evaluated row. "
            f"Received: {label.size} targets. Write one row for each target."
        )
    return label.item(), prediction.reshape(-1).tolist()


def rank_metric(
    name: str, k: int, formula: Formula, eval_config: Any, model_name: str
) -> list[Any]:
    """Computations of one ranking metric, derived from the shared counts of ranks.

    Raises:
        ValueError: If `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"`k` must be at least 1. Received: k={k} for the metric `{name}`.")
    counts_key = metric_types.MetricKey(name=_RANKS_NAME, model_name=model_name)
    key = metric_types.MetricKey(name=name, model_name=model_name)

    def result(metrics: Mapping[Any, Any]) -> dict[Any, float]:
        return {key: formula(metrics[counts_key], k)}

    return [
        metric_types.MetricComputation(
            keys=[counts_key],
            preprocessors=[TargetRankPreprocessor(eval_config, model_name)],
            combiner=RankCountsCombiner(counts_key),
        ),
        metric_types.DerivedMetricComputation(keys=[key], result=result),
    ]
