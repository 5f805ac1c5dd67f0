"""The environment of the trees: LightGBM and CatBoost by their own lock."""

from __future__ import annotations

from pathlib import Path

from benchmarks.environments import Environment

PEERS = ("LightGBM LambdaMART", "CatBoost")
ENVIRONMENT = Environment(
    "ranker", Path(__file__).with_name("peers") / "peers.lock", ("lightgbm", "catboost")
)
