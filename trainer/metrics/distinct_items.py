"""TFMA metric: how many different items all lists show together."""

from __future__ import annotations

from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics.shown_lists import Shown, shown_metric


class DistinctItemsAtK(metric_types.Metric):
    """Distinct items among the first k of all lists; over the catalogue's size it is the coverage.

    A count and not the coverage, because the catalogue's size is unknown when metrics are declared.
    """

    def __init__(self, k: int = 10, name: str = "") -> None:
        """Reads the first `k` of each list; the name is `distinct_items_at_<k>` unless given."""
        super().__init__(
            metric_util.merge_per_key_computations(_distinct_items),
            k=k,
            name=name or f"distinct_items_at_{k}",
        )


def _distinct_items(name: str, k: int, eval_config: Any = None, model_name: str = "") -> list[Any]:
    return shown_metric(name, k, _count, eval_config, model_name)


def _count(shown: Shown) -> float:
    return float(len(shown.items))


metric_types.register_metric(DistinctItemsAtK)
