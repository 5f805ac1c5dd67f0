"""The pipeline on some users of MovieLens-100k: all nodes, and minutes instead of an hour."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.kubeflow.compiled import sluice
from transform.reading.cache import cache_dir

_USERS = 250


def sample(folder: Path) -> dict[str, Any]:
    """Settings of that pipeline; its data are written into a folder."""
    sluice("data", "fetch", "movielens-100k")
    source = cache_dir() / "movielens-100k"
    events = pl.read_parquet(source / "events.parquet")
    chosen = events["user_id"].unique().sort().head(_USERS)
    events = events.filter(pl.col("user_id").is_in(chosen.implode()))
    events.write_parquet(folder / "events.parquet")
    shutil.copy(source / "items.parquet", folder)
    return {
        "name": "sample",
        "data": {
            "events": {"path": str(folder / "events.parquet")},
            "items": {"path": str(folder / "items.parquet")},
        },
        "split": {"protocol": "leave_one_out"},
        "features": [
            {"name": "title", "side": "candidate", "kind": "text"},
            {"name": "genres", "side": "candidate", "kind": "category", "separator": " "},
        ],
        "retriever": {"epochs": 4, "batch_size": 16, "dimension": 32, "layers": 1},
        "ranker": {"epochs": 1},
        "gates": {"ndcg_at_10_lead": {"lower": -0.05}},  # so few users tell little
    }
