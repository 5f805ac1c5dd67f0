"""TFMA metric: Recall@K, equal to HitRate@K where a query has one target."""

from __future__ import annotations

from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics import ranks
from trainer.metrics.target_ranks import rank_metric


class RecallAtK(metric_types.Metric):
    """Recall@K, equal to HitRate@K where a query has one target, macro-averaged over queries.

    The prediction is a list of item ids [K], best first; the label is one item id.
    """

    def __init__(self, k: int = 10, name: str = "") -> None:
        """Reads the first `k` of each list; the name is `recall_at_<k>` unless given."""
        super().__init__(
            metric_util.merge_per_key_computations(_recall), k=k, name=name or f"recall_at_{k}"
        )


def _recall(name: str, k: int, eval_config: Any = None, model_name: str = "") -> list[Any]:
    return rank_metric(name, k, ranks.recall, eval_config, model_name)


metric_types.register_metric(RecallAtK)
