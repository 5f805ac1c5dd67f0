"""A training that is interrupted and started again ends as one that was not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.jobs import job
from tests.trainer.test_fitting import LastItem, Transformed, write
from trainer.fitting import KeepBest, discard_backups, fit, refresh
from trainer.job import Job
from trainer.rows import training_batches
from trainer.settings import RetrieverSettings

ITEMS = list(range(2, 12))
# Epochs of 5 steps, each with a learning rate of its own.
SCHEDULE = {"learning_rate": 0.1, "warm_up": 0.4, "final_learning_rate": 0.1}
SETTINGS = RetrieverSettings(batch_size=2, epochs=4, patience=4, refresh_epochs=0, **SCHEDULE)
VALUES = (1.0, 3.0, 2.0, 0.0)  # what validation comes to: the second epoch is the best


class Interrupting(LastItem):
    """Ends in some step of its own."""

    def __init__(self, step: int | None) -> None:
        super().__init__()
        self.built = True  # as real models are when they are fitted
        self._left = step

    def train_step(self, data: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise InterruptedError
        return super().train_step(data)


def asked(folder: Path) -> Job:
    folder.mkdir()
    rows, held_out = (
        write(folder / name, [[item] for item in ITEMS], 30) for name in ("train", "validation")
    )
    return job(folder, train_files=(rows,), validation_files=(held_out,))


def trained(
    asked: Job, interrupted_in: int | None, settings: RetrieverSettings = SETTINGS
) -> float:
    """Trains, no epoch twice; what the model learned, or InterruptedError."""
    model = Interrupting(interrupted_in)
    model.compile(optimizer=tf.keras.optimizers.SGD(0.1), run_eagerly=True)
    values = iter(VALUES)
    done = Path(asked.run_dir) / "history.json"
    for _ in json.loads(done.read_text())["loss"] if done.exists() else ():
        next(values)
    keep_best = KeepBest("value", lambda: next(values), settings.patience)
    strategy = tf.distribute.get_strategy()
    fit(model, asked, settings, Transformed(), strategy, keep_best)
    if settings.refresh_epochs:
        refresh(model, asked, settings, Transformed(), strategy)
    return float(model.mean.numpy())


@pytest.mark.parametrize("every", [2, 1000], ids=["long epochs", "short epochs"])
@pytest.mark.parametrize("step", [0, 1, 5, 9, 14])
def test_what_was_interrupted_ends_as_if_it_were_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, every: int
) -> None:
    monkeypatch.setattr("trainer.backup._STEPS", every)
    undisturbed = trained(asked(tmp_path / "undisturbed"), None)
    job_of = asked(tmp_path / "disturbed")
    with pytest.raises(InterruptedError):
        trained(job_of, step)
    assert trained(job_of, None) == undisturbed  # the best epoch's, though it was before
    histories = [
        json.loads((tmp_path / name / "run" / "history.json").read_text())
        for name in ("undisturbed", "disturbed")
    ]
    assert histories[0] == histories[1]
    assert histories[0]["value"] == list(VALUES)


@pytest.mark.parametrize(("patience", "epochs"), [(4, 4), (1, 3)], ids=["all", "early"])
def test_what_is_interrupted_as_it_ends_trains_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: int, epochs: int
) -> None:
    """The last epoch is backed up; the best weights are not restored yet."""
    settings = SETTINGS.model_copy(update={"patience": patience})
    undisturbed = trained(asked(tmp_path / "undisturbed"), None, settings)
    job_of = asked(tmp_path / "disturbed")
    with monkeypatch.context() as patch:
        patch.setattr(KeepBest, "on_train_end", interrupt)
        with pytest.raises(InterruptedError):
            trained(job_of, None, settings)
    assert trained(job_of, 0, settings) == undisturbed  # no step is left
    histories = [
        json.loads((tmp_path / name / "run" / "history.json").read_text())
        for name in ("undisturbed", "disturbed")
    ]
    assert histories[0] == histories[1]
    assert histories[0]["value"] == list(VALUES[:epochs])


def interrupt(*_: object) -> None:
    raise InterruptedError


@pytest.mark.parametrize(("patience", "epochs"), [(4, 4), (1, 3)], ids=["all", "early"])
@pytest.mark.parametrize("step", [0, 3, 7], ids=["at once", "later", "second epoch"])
def test_an_interrupted_refresh_repeats_no_epoch(
    tmp_path: Path, patience: int, epochs: int, step: int
) -> None:
    settings = SETTINGS.model_copy(update={"patience": patience, "refresh_epochs": 2})
    undisturbed = trained(asked(tmp_path / "undisturbed"), None, settings)
    job_of = asked(tmp_path / "disturbed")
    with pytest.raises(InterruptedError):
        trained(job_of, 5 * epochs + step, settings)
    history = (tmp_path / "disturbed" / "run" / "history.json").read_text()
    assert len(json.loads(history)["loss"]) == epochs
    left = 10 - step // 5 * 5  # steps, from the beginning of the epoch
    assert trained(job_of, left, settings) == undisturbed
    assert (tmp_path / "disturbed" / "run" / "history.json").read_text() == history
    # What comes after the refresh may be interrupted, too: no step is left.
    assert trained(job_of, 0, settings) == undisturbed


def test_a_training_starts_anew_once_its_backups_are_discarded(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"refresh_epochs": 2})
    job_of = asked(tmp_path / "done")
    trained(job_of, None, settings)
    discard_backups(job_of)
    discard_backups(job_of)  # which are gone
    assert not [path for path in Path(job_of.run_dir).glob("*backup/**/*") if path.is_file()]
    with pytest.raises(InterruptedError):
        trained(job_of, 0, settings)


def batches(files: Sequence[str], worker: int, skip: int) -> list[list[int]]:
    """The items of twelve batches of one of two workers."""
    read = training_batches(
        files, Transformed(), batch_size=4, workers=2, worker=worker, replicas=2, seed=3, skip=skip
    )
    return [row["history_item_id"].flat_values.numpy().tolist() for row in read.take(12)]


@pytest.mark.parametrize("worker", [0, 1])
def test_at_any_step_the_same_batches_follow(tmp_path: Path, worker: int) -> None:
    tf.keras.utils.set_random_seed(1)
    files = [write(tmp_path / "train", [[item] for item in ITEMS], 0)]
    whole = batches(files, worker, 0)
    for skip in (1, 2, 5, 9):
        tf.keras.utils.set_random_seed(1)
        assert batches(files, worker, skip)[: 12 - skip] == whole[skip:]
    assert len({tuple(np.sort(batch)) for batch in whole}) > 1  # control: they do differ
