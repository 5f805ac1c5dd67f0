"""TFMA metric: gains in NDCG, recall and MRR over the blessed model, query by query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.metrics import metric_types

from trainer.metrics import ranks
from trainer.metrics.paired_bootstrap import user_group
from trainer.metrics.paired_models import Pair, gain_keys, gain_values, model_pair
from trainer.metrics.paired_ranks import FORMULAS, Cell, JointCounts, rank_gains
from trainer.metrics.target_ranks import label_and_list
from transform.features import USER_ID


class PairedRankPreprocessor(metric_types.Preprocessor):
    """One evaluated row -> where the two models place its target; beyond k is a miss."""

    def __init__(self, k: int, eval_config: Any, pair: Pair) -> None:
        super().__init__(name=f"paired_ranks_at_{k}:{pair.candidate}:{pair.blessed}")
        self._k = k
        self._eval_config = eval_config
        self._pair = pair

    def process(self, extracts: Mapping[str, Any]) -> Iterator[Cell]:
        """Yields one cell."""
        (user,) = np.ravel(extracts[constants.FEATURES_KEY][USER_ID])
        candidate, blessed = (self._rank(extracts, model) for model in self._pair)
        yield user_group(user), candidate, blessed

    def _rank(self, extracts: Mapping[str, Any], model: str) -> int:
        target, items = label_and_list(extracts, self._eval_config, model)
        return ranks.target_rank(items[: self._k], target)


class JointCountsCombiner(beam.CombineFn):
    """Counts cells: being integers, they add up to the same in any order."""

    def __init__(self, key: metric_types.MetricKey) -> None:
        self._key = key

    def create_accumulator(self) -> JointCounts:
        """No query yet."""
        return {}

    def add_input(self, accumulator: JointCounts, element: Cell) -> JointCounts:
        """Counts one query."""
        accumulator[element] = accumulator.get(element, 0) + 1
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[JointCounts]) -> JointCounts:
        """Adds counts up."""
        total: JointCounts = {}
        for counts in accumulators:
            for cell, queries in counts.items():
                total[cell] = total.get(cell, 0) + queries
        return total

    def extract_output(self, accumulator: JointCounts) -> dict[Any, JointCounts]:
        """The counts, for the gains derived from them."""
        return {self._key: accumulator}


class PairedRankGains(metric_types.Metric):
    """Gains of NDCG@k, recall@k and MRR@k over the blessed model, each with a 95 % interval.

    `ndcg_at_<k>_gain` is the mean over queries of (gain of the candidate - gain of the blessed);
    `_gain_lower` and `_gain_upper` are the ends of its interval, `_gain_error` is its standard
    error. Users are resampled, not queries (see `trainer.metrics.paired_bootstrap`). Without a
    blessed model there are none of these.
    """

    def __init__(self, k: int = 10, name: str = "paired_ranks") -> None:
        """Reads the first `k` of each list.

        Raises:
            ValueError: If `k` is below 1.
        """
        if k < 1:
            raise ValueError(f"`k` must be at least 1. Received: k={k} for the metric `{name}`.")
        super().__init__(_paired_ranks, k=k, name=name)


def _paired_ranks(
    name: str, k: int, eval_config: Any = None, model_names: list[str] | None = None
) -> list[Any]:
    pair = model_pair(eval_config, model_names or [""])
    if pair is None:
        return []
    # A leading underscore keeps TFMA from writing the counts into the results.
    counts_key = metric_types.MetricKey(name=f"_{name}_at_{k}", model_name=pair.candidate)

    def result(metrics: Mapping[Any, Any]) -> dict[Any, float]:
        return gain_values(rank_gains(metrics[counts_key], k), pair)

    return [
        metric_types.MetricComputation(
            keys=[counts_key],
            preprocessors=[PairedRankPreprocessor(k, eval_config, pair)],
            combiner=JointCountsCombiner(counts_key),
        ),
        metric_types.DerivedMetricComputation(
            keys=gain_keys([f"{metric}_at_{k}" for metric in FORMULAS], pair), result=result
        ),
    ]


metric_types.register_metric(PairedRankGains)
