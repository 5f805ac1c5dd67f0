"""The environment of faiss and hnswlib."""

from __future__ import annotations

from pathlib import Path

from benchmarks.environments import pinned, python_of

_ROOT = Path(__file__).resolve().parents[2]
_LOCK = _ROOT / "benchmarks" / "index" / "peers" / "peers.lock"
PEERS = ("faiss Flat", "faiss IVF", "faiss HNSW", "hnswlib")


def peer_command(*arguments: str | Path) -> list[str | Path]:
    """The command that runs a peer; makes its environment first.

    Raises:
        RuntimeError: If the packages cannot be had.
    """
    return [python_of("index", _LOCK), "-m", "benchmarks.index.peers", *arguments]


def peer_variables(threads: int) -> dict[str, str]:
    """Environment variables of a peer: our sources on the path, and how many threads it has."""
    return {"PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": str(threads)}


def peer_versions() -> dict[str, str]:
    """Versions of the peers, as their lock pins them."""
    return pinned(_LOCK, "faiss-cpu", "hnswlib")
