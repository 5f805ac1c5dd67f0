"""The values of a search's best trial, as the training takes them that they were searched for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHOSEN_FILE = "chosen.json"
RECORD_FILE = "search.json"  # in the folder of a search: all of its trials


def chosen_values(hyperparameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """Setting -> value; none where nothing was searched.

    Args:
        hyperparameters: Configuration of KerasTuner's HyperParameters, as TFX hands it over.
    """
    return dict(hyperparameters["values"]) if hyperparameters else {}


def note_chosen(hyperparameters: Mapping[str, Any] | None, model: str, run_dir: str) -> None:
    """Says with which values a model is trained, on standard error and in the run folder."""
    if values := chosen_values(hyperparameters):
        sys.stderr.write(f"The {model} is trained with {worded(values)}, as searched for.\n")
        folder = Path(run_dir)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CHOSEN_FILE).write_text(json.dumps(values, indent=2) + "\n")


def worded(values: Mapping[str, Any]) -> str:
    """Values as a person reads them: `learning_rate 0.00123, layers 2`."""
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )
