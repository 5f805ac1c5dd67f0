"""TFMA metric: HitRate@K."""

from __future__ import annotations

from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util

from trainer.metrics import ranks
from trainer.metrics.target_ranks import rank_metric


class HitRateAtK(metric_types.Metric):
    """HitRate@K, the share of queries with a hit among the first k.

    With one target a query it is Recall@K, whose formula it takes; the name is there for those who
    look for it. The prediction is a list of item ids [K], best first; the label is one item id.
    """

    def __init__(self, k: int = 10, name: str = "") -> None:
        """Reads the first `k` of each list; the name is `hit_rate_at_<k>` unless given."""
        super().__init__(
            metric_util.merge_per_key_computations(_hit_rate), k=k, name=name or f"hit_rate_at_{k}"
        )


def _hit_rate(name: str, k: int, eval_config: Any = None, model_name: str = "") -> list[Any]:
    return rank_metric(name, k, ranks.recall, eval_config, model_name)


metric_types.register_metric(HitRateAtK)
