"""Ranking metrics of queries with one target each, from the ranks of the targets.

Every ranking metric of such queries depends on one number per query: the rank of its target. Counts
of ranks are therefore all that has to be kept, and being integers they add up to the same totals in
any order, on any number of machines.

`counts` maps a rank to the number of queries whose target stands there: 1 is the top of the list,
0 stands for a target that the list does not hold.

>>> counts = rank_counts([1, 3, 0, 12])
>>> recall(counts, 10), mrr(counts, 10)
(0.5, 0.3333333333333333)
>>> ndcg(counts, 10)
0.375
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

MISS = 0
PADDING = b""


def target_rank(items: Sequence[bytes], target: bytes) -> int:
    """Rank of the target in a list, from 1; `MISS` where the list does not hold it.

    Args:
        items: [K] item ids, best first; the first of repeated ids counts.
        target: Item id. Padding is never a hit.
    """
    if target == PADDING:
        return MISS
    try:
        return items.index(target) + 1
    except ValueError:
        return MISS


def rank_counts(ranks: Iterable[int]) -> dict[int, int]:
    """Number of queries at each rank."""
    return dict(Counter(int(rank) for rank in ranks))


def recall(counts: Mapping[int, int], k: int) -> float:
    """Recall@k: share of queries whose target is among the first k (HitRate@k, for one target)."""
    return _mean(counts, k, lambda rank: 1.0)


def ndcg(counts: Mapping[int, int], k: int) -> float:
    """NDCG@k: mean of 1/log2(1 + rank) over queries, 0 beyond rank k; the ideal gain is 1."""
    return _mean(counts, k, lambda rank: 1.0 / math.log2(1.0 + rank))


def mrr(counts: Mapping[int, int], k: int) -> float:
    """MRR@k: mean of 1/rank over queries, 0 beyond rank k (MAP@k, for one target)."""
    return _mean(counts, k, lambda rank: 1.0 / rank)


def _mean(counts: Mapping[int, int], k: int, gain: Callable[[int], float]) -> float:
    """Mean gain over all queries; NaN where there are none."""
    queries = sum(counts.values())
    if queries == 0:
        return math.nan
    return math.fsum(n * gain(rank) for rank, n in counts.items() if MISS < rank <= k) / queries
