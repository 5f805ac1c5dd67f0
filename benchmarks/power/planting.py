"""Regressions that are planted in one part of the traffic: each costs 5 % of its NDCG@10."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.power.answers import SHOWN, Floats, Ints, K
from benchmarks.power.marks import Marks, chosen
from trainer.metrics import ranks

LOSS = 0.05
_WORTH = np.array([ranks.ndcg({rank: 1}, K) for rank in range(SHOWN + 1)])

# Marks of some requests, and of the same ones without their histories -> worse marks.
Regression = Callable[[Marks, Marks, np.random.Generator], Marks]


def ndcg(of: Ints) -> Floats:
    """NDCG@10 of each request [N], from the place of its target."""
    return np.asarray(_WORTH[of])


def forget(whole: Marks, lost: Marks, generator: np.random.Generator) -> Marks:
    """A share of the requests loses its history on the way.

    Raises:
        ValueError: If losing all histories costs less than is to be planted.
    """
    worth = ndcg(whole.ranks).mean()
    costs = worth - ndcg(lost.ranks).mean()
    if costs < LOSS * worth:
        raise ValueError(
            f"Losing histories must cost at least {LOSS:.0%} of NDCG@{K}, or it cannot be planted. "
            f"Received: {costs:.4f} of {worth:.4f}. Train the model longer."
        )
    return chosen(generator.random(len(whole.ranks)) < LOSS * worth / costs, lost, whole)


def vanish(whole: Marks, lost: Marks, generator: np.random.Generator) -> Marks:
    """One hit in twenty is lost from the lists; the scores stay as they are."""
    gone = generator.random(len(whole.ranks)) < LOSS
    return whole._replace(ranks=np.where(gone, ranks.MISS, whole.ranks))


def sink(whole: Marks, lost: Marks, generator: np.random.Generator) -> Marks:
    """Targets sink by one place, so many that the same share of the NDCG is lost."""
    of = whole.ranks
    lower = np.where((of == ranks.MISS) | (of == SHOWN), ranks.MISS, of + 1)
    share = LOSS * ndcg(of).sum() / (ndcg(of) - ndcg(lower)).sum()
    return whole._replace(ranks=np.where(generator.random(len(of)) < share, lower, of))


REGRESSIONS: dict[str, Regression] = {
    "requests lose their history": forget,
    "one hit in 20 is lost": vanish,
    "targets sink by a place": sink,
}
