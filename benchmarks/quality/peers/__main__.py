"""One peer: learns from the events of a folder within a budget, and ranks the test targets.

`python -m benchmarks.quality.peers FOLDER PEER SEED SECONDS LENGTH SAID`

FOLDER holds `events.csv`, ordered by user and by what came when: `user` and `item` (codes from
0; a smaller code is an id that sorts first), `time`, and `period`, which is 1 for validation and 2
for the test targets, of which a user has one or none. Each peer leaves the rank of each target, in
the order of users, 0 beyond the tenth place. None of them knows what to show a user without any
event before; there the recently popular items take its place.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality.peers import factorisation, sequential
from benchmarks.quality.peers.lists import recently_popular, target_ranks
from benchmarks.said import report

_K = 10


def main(folder: str, peer: str, seed: str, seconds: str, length: str, said: str) -> None:
    """Learns, recommends, reports."""
    events = pd.read_csv(Path(folder) / "events.csv")
    began = time.perf_counter()
    if peer in sequential.PEERS:
        shown, facts = sequential.recommend(
            peer, events, _K, seed=int(seed), seconds=float(seconds), length=int(length)
        )
    else:
        shown, facts = factorisation.recommend(
            peer, events, _K, seed=int(seed), seconds=float(seconds)
        )
    newcomers = np.setdiff1d(np.arange(len(shown)), events.loc[events["period"] < 2, "user"])
    shown[newcomers] = recently_popular(events[events["period"] < 2], _K)
    ranks = target_ranks(shown, events[events["period"] == 2])
    taken = time.perf_counter() - began
    report(Path(said), ranks=ranks.tolist(), seconds=taken, **facts)


if __name__ == "__main__":
    main(*sys.argv[1:])
