"""Trials of a search: trainings, each scored by what it reached on the validation rows."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trainer.distribution import run_workers
from trainer.job import HISTORY_FILE, Job
from trainer.whole_files import draft_of
from transform.settings import Frozen

# Where a job lies is no part of what it comes to.
_PLACES = {
    "transform_graph",
    "train_files",
    "validation_files",
    "catalogue_files",
    "model_dir",
    "run_dir",
    "base_model",
}


class Measured(Frozen):
    """What a training came to.

    Attributes:
        values: Value of the measure after each epoch.
        seconds: That it took.
    """

    values: tuple[float, ...]
    seconds: float

    @property
    def score(self) -> float:
        """The best of its epochs, whose weights a training ends with."""
        return max(self.values)

    @property
    def epoch(self) -> int:
        """Which epoch that was, from 1."""
        return self.values.index(self.score) + 1


class Trainings:
    """Trains a job with some of its settings changed; what was trained once is looked up."""

    def __init__(
        self, job: Job, *, measure: str, code: str, workers: int, scratch: Path, kept: Path
    ) -> None:
        """Reads all that the job is trained on, once: to know it again.

        Args:
            job: The job with the settings as they stand; where it writes to does not matter.
            measure: What of its history is to be as great as possible.
            code: Fingerprint of the code that trains it.
            workers: Worker processes of a training.
            scratch: Folder for what a training needs while it goes on.
            kept: Folder with a file for each finished training; it outlives the search.
        """
        self._job = job
        self._measure = measure
        self._workers = workers
        self._scratch = scratch
        self._kept = kept
        globs = map(Path, (*job.train_files, *job.validation_files, *job.catalogue_files))
        rows = [file for one in globs for file in one.parent.glob(one.name)]
        base = Path(job.base_model).rglob("*") if job.base_model else ()
        self._same = [code, _digest(rows), _digest(base)]

    def find(self, values: dict[str, Any]) -> Measured | None:
        """What a training with these values came to; None where none has ended well yet."""
        path = self._path(values)
        return Measured.model_validate_json(path.read_text()) if path.exists() else None

    def train(self, values: dict[str, Any]) -> Measured:
        """Trains with these values.

        Raises:
            TrainingFailedError: A worker failed and no restart is left.
            StalledError: The training diverged or collapsed.
        """
        started = time.monotonic()
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="trial-") as folder:
            places = {"model_dir": f"{folder}/model", "run_dir": f"{folder}/run"}
            settings = self._job.settings | values
            if "refresh_epochs" in settings:
                settings["refresh_epochs"] = 0  # it comes after what is measured
            job = self._job.model_copy(update={"settings": settings, **places})
            run_workers(job, workers=self._workers)
            history = json.loads((Path(job.run_dir) / HISTORY_FILE).read_text())
        measured = Measured(values=history[self._measure], seconds=time.monotonic() - started)
        with draft_of(self._path(values)) as draft:
            draft.write_text(measured.model_dump_json(indent=2) + "\n")
        return measured

    def _path(self, values: dict[str, Any]) -> Path:
        """Named after all that a training depends on."""
        plain = self._job.model_dump(mode="json", exclude=_PLACES)
        plain["settings"] = plain["settings"] | values
        told = json.dumps([plain, *self._same], sort_keys=True)
        return self._kept / f"{hashlib.sha256(told.encode()).hexdigest()}.json"


def _digest(files: Iterable[Path]) -> str:
    """SHA-256 over the bytes of files and their names, wherever their folders lie."""
    digest = hashlib.sha256()
    for file in sorted(file for file in files if file.is_file()):
        digest.update(f"{file.parent.name}/{file.name}\0".encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
