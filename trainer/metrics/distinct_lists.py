"""TFMA metric: do different queries get different lists."""

from __future__ import annotations

import math
from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics.shown_lists import Shown, shown_metric


class DistinctListRatioAtK(metric_types.Metric):
    """Distinct lists (first k, in order) over queries; near 0 when everybody is shown the same."""

    def __init__(self, k: int = 10, name: str = "") -> None:
        """Reads the first `k` of each list; the default name is `distinct_list_ratio_at_<k>`."""
        super().__init__(
            metric_util.merge_per_key_computations(_distinct_lists),
            k=k,
            name=name or f"distinct_list_ratio_at_{k}",
        )


def _distinct_lists(name: str, k: int, eval_config: Any = None, model_name: str = "") -> list[Any]:
    return shown_metric(name, k, _ratio, eval_config, model_name)


def _ratio(shown: Shown) -> float:
    return len(shown.lists) / shown.queries if shown.queries else math.nan


metric_types.register_metric(DistinctListRatioAtK)
