"""Gains in ranking metrics over the blessed model, from joint counts of ranks.

Each query has one target, and each of two models places it somewhere. How many queries have their
target at rank r of the one list and at rank s of the other is all that a paired comparison needs;
the counts are kept for each group of users, so that users can be resampled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from trainer.metrics import ranks
from trainer.metrics.paired_bootstrap import Gain, paired_gain

FORMULAS: dict[str, Callable[[Mapping[int, int], int], float]] = {
    "ndcg": ranks.ndcg,
    "recall": ranks.recall,
    "mrr": ranks.mrr,
}

# (group of the user, rank of the target in the candidate's list, and in the blessed one's).
Cell = tuple[int, int, int]
JointCounts = dict[Cell, int]


def rank_gains(counts: Mapping[Cell, int], k: int) -> dict[str, Gain]:
    """`<metric>_at_<k>` -> its gain over all counted queries."""
    cells = np.array(sorted((*cell, n) for cell, n in counts.items()), np.int64).reshape(-1, 4)
    _, group = np.unique(cells[:, 0], return_inverse=True)
    queries = cells[:, 3].astype(np.float64)
    step = 1.0 / queries.sum() if len(cells) else 0.0
    found = {}
    for name, formula in FORMULAS.items():
        worth = np.array([formula({rank: 1}, k) for rank in range(k + 1)])
        gains = queries * (worth[cells[:, 1]] - worth[cells[:, 2]])
        sums = np.stack([np.bincount(group, gains), np.bincount(group, queries)], axis=1)
        gain = paired_gain(sums.astype(np.float64), lambda s: s[:, 0] / s[:, 1], step=step)
        found[f"{name}_at_{k}"] = gain
    return found
