"""One peer: learns from the events of a folder within a budget, and ranks the test targets.

`python -m benchmarks.quality.peers FOLDER PEER SEED SECONDS LENGTH SAID`

FOLDER holds `events.csv`, ordered by user and by what came when: `user` and `item` (codes from
0; a smaller code is an id that sorts first), `time`, and `period`, which is 1 for validation and 2
for the test targets. Each peer leaves the rank of each user's target, 0 beyond the tenth place.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality.peers import factorisation, sequential
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
    target = events.loc[events["period"] == 2].sort_values("user")["item"].to_numpy()
    hit = shown == target[:, np.newaxis]
    ranks = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, 0)
    taken = time.perf_counter() - began
    report(Path(said), ranks=ranks.tolist(), seconds=taken, **facts)


if __name__ == "__main__":
    main(*sys.argv[1:])
