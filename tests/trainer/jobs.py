"""A training job that no worker reads much of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trainer.job import Job


def job(folder: Path, **fields: Any) -> Job:
    """A job in a folder, without rows; what else it says may be given."""
    plain: dict[str, Any] = {
        "model": "retriever",
        "settings": {},
        "aggregates": (),
        "features": (),
        "history_length": 4,
        "protocol": "time",
        "exclude_seen": True,
        "seed": 1,
        "transform_graph": "",
        "train_files": (),
        "validation_files": (),
        "catalogue_files": (),
        "model_dir": str(folder / "model"),
        "run_dir": str(folder / "run"),
    }
    return Job(**plain | fields)
