"""What the searches for settings of the models have found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.settings import Settings
from trainer.tuning.chosen import RECORD_FILE


def search_folder(settings: Settings, model: str) -> Path:
    """Where a search for settings of a model keeps what its trials came to."""
    return settings.root / "tuning" / model


def searches(settings: Settings) -> dict[str, dict[str, Any]]:
    """What the latest searches that the settings ask for have found so far.

    Returns:
        For each model that a search was begun for: how many `trials` there were and how many of
        them `failed`, the `measure`, and of the `best` trial (None where all failed) its number,
        `values` and `score`.
    """
    tuned = {"retriever": settings.retriever.tuning, "ranker": settings.ranker.tuning}
    records = {model: search_folder(settings, model) / RECORD_FILE for model in tuned}
    return {
        model: _found(json.loads(records[model].read_text()))
        for model, tuning in tuned.items()
        if tuning and records[model].is_file()
    }


def _found(record: dict[str, Any]) -> dict[str, Any]:
    trials = record["trials"]
    best = next((one for one in trials if one["trial"] == record["best"]), None)
    return {
        "trials": len(trials),
        "failed": sum(one["score"] is None for one in trials),
        "measure": record["measure"],
        "best": record["best"],
        "values": best and best["values"],
        "score": best and best["score"],
    }
