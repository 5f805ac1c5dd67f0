"""All baselines on all held-out requests."""

from __future__ import annotations

from components.baselines.events import HeldOutData, Ints, Requests
from components.baselines.ranking import personal_ranks, popularity_ranks, popularity_shown
from components.baselines.recommenders import (
    ItemKNN,
    Recommender,
    SequentialRules,
    popularity,
    recent_popularity,
)
from trainer.metrics import ranks
from transform import features as keys

NEIGHBOURS = (20, 50, 100, 200, 500)
_K = 10


def measure(data: HeldOutData, *, exclude_seen: bool) -> dict[str, dict[str, float]]:
    """Metrics of each baseline on the eval requests, fitted on what the rows tell of before.

    ItemKNN's number of neighbours is the best one on the validation requests, so that the composed
    model is not held against a weak setting.

    Args:
        data: The rows.
        exclude_seen: Whether items of the history are left out of the lists.

    Returns:
        Baseline -> metric -> value.
    """
    requests, events, items = data.requests(keys.EVAL), data.events_before(keys.EVAL), data.items
    neighbours = _best_neighbours(data, exclude_seen=exclude_seen)
    by_one_list = {
        "most_popular": popularity(events, items),
        "recent_popular": recent_popularity(events, items),
    }
    personal: dict[str, Recommender] = {
        "item_knn": ItemKNN(events, items, neighbours),
        "sequential_rules": SequentialRules(events, items),
    }
    found = {
        name: popularity_ranks(score, requests, exclude_seen=exclude_seen)
        for name, score in by_one_list.items()
    } | {
        name: personal_ranks(recommender, requests, items, exclude_seen=exclude_seen)
        for name, recommender in personal.items()
    }
    metrics = {name: _metrics(target_ranks) for name, target_ranks in found.items()}
    for name, score in by_one_list.items():
        shown = popularity_shown(score, requests, _K, exclude_seen=exclude_seen)
        metrics[name][f"distinct_items_at_{_K}"] = float(shown)
    return metrics


def _best_neighbours(data: HeldOutData, *, exclude_seen: bool) -> int:
    requests: Requests = data.requests(keys.VALIDATION)
    events = data.events_before(keys.VALIDATION)

    def ndcg(neighbours: int) -> float:
        knn = ItemKNN(events, data.items, neighbours)
        found = personal_ranks(knn, requests, data.items, exclude_seen=exclude_seen)
        return _metrics(found)["ndcg_at_10"]

    return max(NEIGHBOURS, key=ndcg)


def _metrics(target_ranks: Ints) -> dict[str, float]:
    counts = ranks.rank_counts(target_ranks)
    return {
        f"ndcg_at_{_K}": ranks.ndcg(counts, _K),
        f"recall_at_{_K}": ranks.recall(counts, _K),
        f"mrr_at_{_K}": ranks.mrr(counts, _K),
    }
