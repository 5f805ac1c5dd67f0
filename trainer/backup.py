"""What a training that is started again goes on from: weights, optimizer, place, best so far."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from trainer.whole_files import draft_of

_STEPS = 1_000  # between two backups, in an epoch that is longer
_BEST_FILE = "best.npz"
_CHIEF = "chief"  # Keras' name of the folder that all workers restore
_PLACE = "{}/.ATTRIBUTES/VARIABLE_VALUE"  # how a checkpoint names a variable


class Remembers(Protocol):
    """What knows something of the epochs before that is in no variable of the model."""

    def state(self) -> dict[str, Any]:
        """Arrays and numbers by name."""

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state` gave."""


class Backup(tf.keras.callbacks.BackupAndRestore):
    """Keras' backup, with what it leaves out.

    Keras counts an epoch as done once its last step is backed up: if the process ended then, nobody
    would measure the epoch. So the backup of the last step waits for those who come before this
    callback. What they remember is in it, too.

    Keras removes the backup once the training has ended. This one then holds what the training came
    to, and stays until `discard`: what follows may be interrupted as well.
    """

    def __init__(self, folder: Path, steps: int, memory: Remembers | None, *, writes: bool) -> None:
        """`steps` is of an epoch; `writes` is true in the one worker that writes the memory."""
        super().__init__(str(folder), save_freq=min(steps, _STEPS), delete_checkpoint=False)
        self._last = steps - 1
        self._best = folder / _BEST_FILE
        self._memory = memory
        self._writes = writes

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Restores what a run before this one has left."""
        super().on_train_begin(logs)
        if self._memory is not None and self._best.exists():
            with np.load(self._best) as state:
                self._memory.set_state(state)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Backs up in the middle of a long epoch."""
        if batch != self._last:
            super().on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Backs up the epoch and what is remembered of it, which may be one epoch ahead."""
        if self._memory is not None and self._writes:
            with draft_of(self._best) as draft, draft.open("wb") as file:
                np.savez(file, **self._memory.state())
        if self.model.stop_training:
            self._back_up_end()  # or a process that ends here would go on with the next epoch
        else:
            self._backup(epoch, self._last)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Backs up the weights that the training ends with."""
        self._back_up_end()
        super().on_train_end(logs)

    def _back_up_end(self) -> None:
        """Backs up as if all epochs were done, so that none comes after."""
        self._training_state._ckpt_saved_epoch.assign(self.params["epochs"] - 1)
        self._training_state._ckpt_saved_batch.assign(self._last)
        self._backup(self.params["epochs"] - 1, self._last)


def discard(folder: Path) -> None:
    """Removes a backup that nothing goes on from any more, if there is one.

    What other workers than the chief may be writing there they remove themselves.
    """
    shutil.rmtree(folder / _CHIEF, ignore_errors=True)
    (folder / _BEST_FILE).unlink(missing_ok=True)


def steps_done(folder: Path, steps: int) -> int:
    """Steps of a training that the backup in a folder holds; 0 where there is none.

    Args:
        folder: As for `Backup`.
        steps: Of an epoch.
    """
    newest = tf.train.latest_checkpoint(str(folder / _CHIEF))
    if newest is None:
        return 0
    saved = tf.train.load_checkpoint(newest)
    epoch, step = (
        int(saved.get_tensor(_PLACE.format(f"ckpt_saved_{name}"))) for name in ("epoch", "batch")
    )
    return epoch * steps + step + 1


class HistoryFile(tf.keras.callbacks.Callback):
    """Writes what each epoch came to as JSON: name -> a value for each epoch.

    A run that is started again keeps the epochs which it does not repeat.
    """

    def __init__(self, path: Path) -> None:
        """`path` is the file."""
        super().__init__()
        self._path = path
        self._epochs: list[dict[str, float]] = []
        if path.exists():
            columns = json.loads(path.read_text())
            rows = zip(*columns.values(), strict=True)
            self._epochs = [dict(zip(columns, row, strict=True)) for row in rows]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Adds the epoch."""
        values = {name: float(value) for name, value in (logs or {}).items()}
        self._epochs = [*self._epochs[:epoch], values]
        columns = {name: [row[name] for row in self._epochs] for name in values}
        with draft_of(self._path) as draft:
            draft.write_text(json.dumps(columns, indent=2) + "\n")
