"""TFMA metric: MAP@K."""

from __future__ import annotations

from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics import ranks
from trainer.metrics.target_ranks import rank_metric


class MAPAtK(metric_types.Metric):
    """MAP@K, the mean over queries of the average precision of the first k.

    With one target a query the average precision is one over its rank, so MAP@K is MRR@K, whose
    formula it takes. The prediction is a list of item ids [K], best first; the label one item id.
    """

    def __init__(self, k: int = 10, name: str = "") -> None:
        """Reads the first `k` of each list; the name is `map_at_<k>` unless given."""
        super().__init__(
            metric_util.merge_per_key_computations(_map), k=k, name=name or f"map_at_{k}"
        )


def _map(name: str, k: int, eval_config: Any = None, model_name: str = "") -> list[Any]:
    return rank_metric(name, k, ranks.mrr, eval_config, model_name)


metric_types.register_metric(MAPAtK)
