"""The environment of faiss and hnswlib."""

from __future__ import annotations

from pathlib import Path

from benchmarks.environments import Environment

PEERS = ("faiss Flat", "faiss IVF", "faiss HNSW", "hnswlib")
ENVIRONMENT = Environment(
    "index", Path(__file__).with_name("peers") / "peers.lock", ("faiss-cpu", "hnswlib")
)
