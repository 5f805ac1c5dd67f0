"""Trainings that go nowhere: how a worker says so, and the process that started it understands.

A worker that was killed is worth another try; a training that diverges or collapses would do so
again. The file that tells them apart lies in the run folder, which workers on other machines see.
"""

from __future__ import annotations

import json
from pathlib import Path

from trainer.whole_files import draft_of

_FILE = "stall.json"


class StalledError(RuntimeError):
    """A training goes nowhere; to start it again would not help."""


class NotFiniteError(StalledError):
    """Loss, gradient or weights are infinite or not a number."""


class CollapsedError(StalledError):
    """Whatever the request, the model answers (nearly) the same."""


_KINDS = {kind.__name__: kind for kind in (NotFiniteError, CollapsedError)}


def tell(stalled: StalledError, run_dir: str) -> None:
    """Leaves the error of a worker for the process that started the training.

    Every worker finds the same and tells it before it ends, whichever ends first.
    """
    text = json.dumps({"error": type(stalled).__name__, "message": str(stalled)}, indent=2)
    with draft_of(Path(run_dir) / _FILE) as draft:
        draft.write_text(text + "\n")


def forget(run_dir: str) -> None:
    """Removes what a training before told."""
    (Path(run_dir) / _FILE).unlink(missing_ok=True)


def raise_told(run_dir: str) -> None:
    """Raises the error that a worker told, if one did.

    Raises:
        StalledError: The training goes nowhere.
    """
    path = Path(run_dir) / _FILE
    if path.exists():
        told = json.loads(path.read_text())
        raise _KINDS[told["error"]](told["message"])
