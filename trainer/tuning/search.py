"""A search as TFX Tuner runs it: trial after trial, each told, recorded and survived."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.errors import FailedTrialError, FatalRuntimeError

from trainer.distribution import TrainingFailedError
from trainer.progress import tell
from trainer.stall import StalledError
from trainer.tuning.chosen import RECORD_FILE, worded
from trainer.tuning.oracle import Oracle
from trainer.tuning.trials import Measured
from trainer.whole_files import draft_of


class SearchFailedError(RuntimeError):
    """No trial of a search ended well."""


class Trials(Protocol):
    """What measures the values of a trial, and remembers."""

    def find(self, values: dict[str, Any]) -> Measured | None:
        """What a trial with these values came to; None where none has ended well yet."""

    def train(self, values: dict[str, Any]) -> Measured:
        """Runs one.

        Raises:
            StalledError: It diverged or collapsed.
            TrainingFailedError: It failed.
        """


@dataclass(frozen=True)
class Tried:
    """One trial in the record of a search.

    Attributes:
        trial: Its number, from 1.
        values: Setting -> value.
        score: The measure in its best epoch; None where it failed.
        epoch: Which epoch that was, from 1.
        epochs: How many there were.
        seconds: That the training took.
        kept: Whether it was trained earlier, before the search went on or for another one.
        error: Why it failed.
    """

    trial: int
    values: dict[str, Any]
    score: float | None = None
    epoch: int | None = None
    epochs: int | None = None
    seconds: float | None = None
    kept: bool = False
    error: str | None = None


class Search(BaseTuner):
    """A search with trials that are trained elsewhere; KerasTuner itself sees no model.

    It always starts at its first trial. What earlier trials came to is remembered by who measures
    them, and the oracle draws the same values from the same scores: so a search that was ended at
    any point, by whatever, goes on as if it had not been.
    """

    def __init__(self, oracle: Oracle, trials: Trials, *, scratch: Path, record: Path) -> None:
        """Sets up a search.

        Args:
            oracle: What to try next.
            trials: What measures it.
            scratch: Folder for KerasTuner's own state.
            record: Folder of `search.json`, which tells of all trials so far.
        """
        super().__init__(oracle, directory=scratch, project_name="search", overwrite=True)
        self._trials = trials
        self._record = record / RECORD_FILE
        self._tried: list[Tried] = []

    def run_trial(self, trial: Any, *_: Any, **__: Any) -> float:
        """Measures the values of a trial; one that fails ends only itself.

        Any other error than that of a training ends the search: it says nothing about the values.
        """
        number, values = int(trial.trial_id) + 1, dict(trial.hyperparameters.values)
        try:
            found = self._trials.find(values)
            measured = found or self._trials.train(values)
        except (TrainingFailedError, StalledError) as error:
            self._note(Tried(number, values, error=str(error)))
            raise FailedTrialError(str(error)) from error
        except Exception as error:
            raise FatalRuntimeError(f"trial {number} could not be run") from error
        self._note(
            Tried(
                trial=number,
                values=values,
                score=measured.score,
                epoch=measured.epoch,
                epochs=len(measured.values),
                seconds=round(measured.seconds, 1),
                kept=found is not None,
            )
        )
        return measured.score

    def on_search_end(self) -> None:
        """Refuses a search without a best trial, of which TFX would take a failed one's values.

        Raises:
            SearchFailedError: All trials failed.
        """
        if self._best is None:
            raise SearchFailedError(
                f"A search needs one trial that ends well. Received: {len(self._tried)} trials, "
                f"all of which failed, the last one so: {self._tried[-1].error}"
            )

    @property
    def _best(self) -> Tried | None:
        """The trial with the best score, the earliest of several, as KerasTuner takes it."""
        measured = [one for one in self._tried if one.score is not None]
        return max(measured, key=lambda one: one.score or 0.0, default=None)

    def _note(self, tried: Tried) -> None:
        self._tried.append(tried)
        best = self._best
        trials = [asdict(one) for one in self._tried]
        measure = self.oracle.objective.name
        record = {"measure": measure, "best": best and best.trial, "trials": trials}
        with draft_of(self._record) as draft:
            draft.write_text(json.dumps(record, indent=2) + "\n")
        told = f"trial {tried.trial} of {self.oracle.max_trials}: {worded(tried.values)}: "
        if tried.score is None:
            told += f"failed: {tried.error}"
        else:
            kept = ", trained before" if tried.kept else f", {tried.seconds:.1f} s"
            told += f"{measure} {tried.score:.4f} in epoch {tried.epoch} of {tried.epochs}{kept}"
        if best:
            told += f"; best {best.score:.4f} (trial {best.trial})"
        tell(told)
