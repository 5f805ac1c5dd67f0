"""What is measured of lists: do they hold the target, and how different are their items."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.metrics.ranks import ndcg, recall, target_rank

_NORMAL_95 = 1.96

Items = npt.NDArray[np.bytes_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Quality:
    """Lists of one strength.

    Attributes:
        ndcg: Of each request, [N].
        recall: Of each request, [N].
        spread: Intra-list diversity: mean of 1 - cosine over the pairs of a list, then over lists.
        coverage: Share of the catalogue that some list shows.
        distinct: Different lists over requests.
    """

    ndcg: Floats
    recall: Floats
    spread: float
    coverage: float
    distinct: float


def quality(
    lists: Items,
    targets: Sequence[bytes],
    names: Items,
    cosines: npt.NDArray[np.float32],
    catalogue: int,
) -> Quality:
    """Measures full lists.

    Args:
        lists: Shown items, best first, [N, K].
        targets: What each user chose, [N].
        names: The items that stand in any list, sorted.
        cosines: Of their pairs, [len(names), len(names)].
        catalogue: Number of all items.
    """
    k = lists.shape[1]
    ranks = [target_rank(row, target) for row, target in zip(lists.tolist(), targets, strict=True)]
    return Quality(
        ndcg=np.array([ndcg({rank: 1}, k) for rank in ranks]),
        recall=np.array([recall({rank: 1}, k) for rank in ranks]),
        spread=spread(np.searchsorted(names, lists), cosines),
        coverage=len(np.unique(lists)) / catalogue,
        distinct=len({tuple(row) for row in lists.tolist()}) / len(lists),
    )


def spread(lists: npt.NDArray[np.int64], cosines: npt.NDArray[np.float32]) -> float:
    """Mean of 1 - cosine over the pairs of different places of each list [N, K], K above 1."""
    first, second = np.triu_indices(lists.shape[1], k=1)
    return float(np.mean(1.0 - cosines[lists[:, first], lists[:, second]]))


def change(before: Floats, after: Floats) -> tuple[float, float]:
    """Mean change of the same requests, and the margin of its 95 % interval (normal)."""
    difference = after - before
    error = float(difference.std(ddof=1)) / math.sqrt(len(difference))
    return float(difference.mean()), _NORMAL_95 * error


def well_formed(lists: Items, seen: Sequence[frozenset[bytes]]) -> float:
    """Share of lists that are full, without repeats, and hold nothing from the history."""
    good = [
        b"" not in row and len(set(row)) == len(row) and not set(row) & known
        for row, known in zip(lists.tolist(), seen, strict=True)
    ]
    return sum(good) / len(good)
