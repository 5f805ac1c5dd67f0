"""One peer: builds its index of the vectors of a folder and measures it at several settings.

`python -m benchmarks.index.peers FOLDER PEER THREADS SAID`
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import faiss
import hnswlib
import numpy as np

from benchmarks.index.points import Floats, Ints, Point, as_facts, measure
from benchmarks.said import report

# hnswlib's defaults but for the search; both libraries build the same graph, by the same paper.
_NEIGHBOURS, _BUILT_WITH = 16, 100
_PROBES = (4, 8, 16, 32, 64, 128)
_BREADTHS = (100, 150, 250, 400, 700)
_LEARNED_FROM = 40  # vectors a list of IVF, as faiss itself asks for at least

Setting = tuple[str, Callable[[Floats], Ints]]


def main() -> None:
    """Builds, measures, reports."""
    folder, peer, threads, said = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    vectors, queries, truth = (np.load(folder / f"{n}.npy") for n in ("items", "queries", "truth"))
    faiss.omp_set_num_threads(threads)
    began = time.perf_counter()
    settings = _PEERS[peer](vectors, truth.shape[1], threads)
    first = next(settings)
    seconds = time.perf_counter() - began
    points = [_point(peer, first, queries, truth)]
    points += [_point(peer, setting, queries, truth) for setting in settings]
    report(Path(said), build_seconds=seconds, points=as_facts(points))


def _point(peer: str, setting: Setting, queries: Floats, truth: Ints) -> Point:
    return measure(peer, *setting, queries, truth)


def _flat(vectors: Floats, k: int, threads: int) -> Iterator[Setting]:
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    yield "", lambda query: index.search(query, k)[1][0]


def _ivf(vectors: Floats, k: int, threads: int) -> Iterator[Setting]:
    lists = 2 ** round(np.log2(4 * np.sqrt(len(vectors))))
    quantizer = faiss.IndexFlatIP(vectors.shape[1])
    index = faiss.IndexIVFFlat(quantizer, vectors.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    rng = np.random.default_rng(0)
    sample = rng.choice(len(vectors), min(len(vectors), _LEARNED_FROM * lists), replace=False)
    index.train(vectors[np.sort(sample)])
    index.add(vectors)
    for probes in _PROBES:
        index.nprobe = probes
        yield f"nprobe {probes} of {lists}", lambda query: index.search(query, k)[1][0]


def _faiss_hnsw(vectors: Floats, k: int, threads: int) -> Iterator[Setting]:
    index = faiss.IndexHNSWFlat(vectors.shape[1], _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = _BUILT_WITH
    index.add(vectors)
    for breadth in _BREADTHS:
        index.hnsw.efSearch = breadth
        yield f"efSearch {breadth}", lambda query: index.search(query, k)[1][0]


def _hnswlib(vectors: Floats, k: int, threads: int) -> Iterator[Setting]:
    index = hnswlib.Index("ip", vectors.shape[1])
    index.init_index(len(vectors), M=_NEIGHBOURS, ef_construction=_BUILT_WITH, random_seed=1)
    index.set_num_threads(threads)
    index.add_items(vectors)
    for breadth in _BREADTHS:
        index.set_ef(breadth)
        yield f"ef {breadth}", lambda query: index.knn_query(query, k)[0][0].astype(np.int64)


_PEERS = {
    "faiss Flat": _flat,
    "faiss IVF": _ivf,
    "faiss HNSW": _faiss_hnsw,
    "hnswlib": _hnswlib,
}


if __name__ == "__main__":
    main()
