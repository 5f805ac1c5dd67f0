"""Matrix factorisation by implicit: ALS and BPR.

Both know no order. Their settings are chosen on the validation targets from a small grid, as far as
the budget goes; then they are fitted on all that comes before the test targets.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking

from benchmarks.quality.peers.lists import target_ranks

PEERS = ("ALS", "BPR")

_FACTORS = 64
_GRIDS: dict[str, dict[str, tuple[float, ...]]] = {
    "ALS": {"regularization": (0.01, 0.1, 1.0), "alpha": (1.0, 5.0, 20.0)},
    "BPR": {"regularization": (0.001, 0.01, 0.1), "learning_rate": (0.01, 0.05)},
}
_ITERATIONS = {"ALS": 15, "BPR": 100}

Ints = npt.NDArray[np.int64]


def recommend(
    peer: str, events: pd.DataFrame, k: int, *, seed: int, seconds: float
) -> tuple[Ints, dict[str, Any]]:
    """Lists of k items for each user, [users, k], and the settings chosen."""
    until = time.perf_counter() + seconds
    shape = events["user"].max() + 1, events["item"].max() + 1
    before_validation = _matrix(events[events["period"] == 0], shape)
    wanted = events[events["period"] == 1].drop_duplicates("user")
    grid = _GRIDS[peer]
    best, chosen = -1.0, dict[str, float]()
    for values in itertools.product(*grid.values()):
        settings = dict(zip(grid, values, strict=True))
        value = _ndcg(_lists(peer, before_validation, k, seed, settings), wanted)
        if value > best:
            best, chosen = value, settings
        if time.perf_counter() > until:
            break
    known = _matrix(events[events["period"] < 2], shape)
    return _lists(peer, known, k, seed, chosen), {"settings": chosen}


def _matrix(events: pd.DataFrame, shape: tuple[int, int]) -> sp.csr_matrix:
    ones = np.ones(len(events), np.float32)
    return sp.csr_matrix((ones, (events["user"], events["item"])), shape)


def _lists(
    peer: str, known: sp.csr_matrix, k: int, seed: int, settings: Mapping[str, float]
) -> Ints:
    kind = AlternatingLeastSquares if peer == "ALS" else BayesianPersonalizedRanking
    model = kind(
        factors=_FACTORS,
        iterations=_ITERATIONS[peer],
        random_state=seed,
        num_threads=0,
        **settings,
    )
    model.fit(known, show_progress=False)
    users = np.arange(known.shape[0])
    shown: Ints = model.recommend(users, known, N=k, filter_already_liked_items=True)[0]
    return shown


def _ndcg(shown: Ints, wanted: pd.DataFrame) -> float:
    """Of the first item that each user had in the validation period."""
    ranks = target_ranks(shown, wanted)
    return float(np.where(ranks > 0, 1.0 / np.log2(ranks + 1.0), 0.0).mean())
