"""The environment of the neural peers: RecTools and implicit by their own lock."""

from __future__ import annotations

from pathlib import Path

from benchmarks.environments import Environment

PEERS = ("SASRec", "eSASRec", "HSTU", "ALS", "BPR")
ENVIRONMENT = Environment(
    "quality", Path(__file__).with_name("peers") / "peers.lock", ("rectools", "implicit", "torch")
)
