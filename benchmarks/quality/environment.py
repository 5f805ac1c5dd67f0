"""The environment of the neural peers: RecTools and implicit by their own lock."""

from __future__ import annotations

from pathlib import Path

from benchmarks.environments import pinned, python_of

_ROOT = Path(__file__).resolve().parents[2]
_LOCK = _ROOT / "benchmarks" / "quality" / "peers" / "peers.lock"
PEERS = ("SASRec", "eSASRec", "HSTU", "ALS", "BPR")


def peer_command(*arguments: str | Path) -> list[str | Path]:
    """The command that runs a peer; makes its environment first.

    Raises:
        RuntimeError: If the packages cannot be had.
    """
    return [python_of("quality", _LOCK), "-m", "benchmarks.quality.peers", *arguments]


def peer_variables(threads: int) -> dict[str, str]:
    """Environment variables of a peer: our sources on the path, and how many threads it has."""
    return {"PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": str(threads)}


def peer_versions() -> dict[str, str]:
    """Versions of the peers, as their lock pins them."""
    return pinned(_LOCK, "rectools", "implicit", "torch")
