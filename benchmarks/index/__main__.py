"""`make bench-index`: the index inside the graph beside exact search, faiss and hnswlib.

`python -m benchmarks.index [--smoke] [--threads N]`
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.index.environment import ENVIRONMENT, PEERS
from benchmarks.index.figure import curves
from benchmarks.index.points import PARTITIONED, Point
from benchmarks.index.rows import rows_of
from benchmarks.index.vectors import draw
from benchmarks.processes import run_module
from benchmarks.results import SMOKE_RESULTS, publish, versions_of

_SEED = 7
_DIMENSION, _K = 64, 100
_SAMPLE = 512  # queries of the assembly; others than those that are measured
_THREADS = 2


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        items: Vectors.
        queries: Queries that are measured.
    """

    items: int
    queries: int


FULL = Sizes(1_000_000, 500)
SMOKE = Sizes(30_000, 100)


def main() -> int:
    """Measures all sides; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.index", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the minute-long form")
    parser.add_argument("--threads", type=int, default=_THREADS, help="threads of each side")
    asked = parser.parse_args()
    sizes = SMOKE if asked.smoke else FULL
    folder = SMOKE_RESULTS / f"index-{sizes.items}"
    _prepare(folder, sizes)
    ours = _ours(folder, asked.threads)
    peers = {peer: _peer(folder, peer, asked.threads) for peer in PEERS}
    points = [Point(**point) for said in (ours, *peers.values()) for point in said["points"]]
    build = {PARTITIONED: ours["build_seconds"]}
    build |= {peer: said["build_seconds"] for peer, said in peers.items()}
    by_size = {int(n): [Point(**p) for p in found] for n, found in ours["by_size"].items()}
    rows = rows_of(points, by_size, build, k=_K, smoke=asked.smoke)
    versions = {**versions_of("tensorflow", "numpy"), **ENVIRONMENT.versions()}
    path = publish("index", "make bench-index", rows, versions, smoke=asked.smoke)
    path.with_suffix(".svg").write_text(curves(points, k=_K))
    return int(any(row.holds is False for row in rows))


def _prepare(folder: Path, sizes: Sizes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    items, queries = draw(sizes.items, sizes.queries + _SAMPLE, _DIMENSION, _SEED)
    np.save(folder / "items.npy", items)
    np.save(folder / "queries.npy", queries[: sizes.queries])
    np.save(folder / "sample.npy", queries[sizes.queries :])
    np.save(folder / "k.npy", np.array(_K))


def _ours(folder: Path, threads: int) -> Mapping[str, Any]:
    _tell("both indexes in the graph")
    said = folder / "graph.said.json"
    return run_module("benchmarks.index.graph_side", folder, threads, said=said).said


def _peer(folder: Path, peer: str, threads: int) -> Mapping[str, Any]:
    _tell(peer)
    name = peer.replace(" ", "-")
    said = folder / f"{name}.said.json"
    module, asked = "benchmarks.index.peers", (folder, peer, threads)
    return ENVIRONMENT.run_module(module, *asked, said=said, OMP_NUM_THREADS=str(threads)).said


def _tell(side: str) -> None:
    sys.stderr.write(f"benchmark index: {side}\n")


if __name__ == "__main__":
    sys.exit(main())
