"""Searches whose trainings are cheap: what they try, keep, survive, refuse and tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from keras_tuner.errors import FatalRuntimeError

from tests.trainer.jobs import job
from tests.trainer.tuning.cheap import Peak
from trainer import stall
from trainer.distribution import trained_by
from trainer.job import Job
from trainer.progress import told_to
from trainer.settings import MEASURE, RetrieverSettings
from trainer.tuning.oracle import Oracle
from trainer.tuning.search import Search, SearchFailedError
from trainer.tuning.settings import TuningSettings
from trainer.tuning.trials import Trainings

SPACE = {
    "learning_rate": {"min": 1e-4, "max": 1e-2, "scale": "log"},
    "dropout": {"min": 0.0, "max": 0.5},
    "layers": [1, 2, 3],
}
SETTINGS = RetrieverSettings(dropout=0.3)


def search(
    folder: Path,
    workers: Any,
    *,
    trials: int = 6,
    space: Any = SPACE,
    seed: int = 3,
    rows: bytes = b"rows",
    measure: str = MEASURE,
) -> list[dict[str, Any]]:
    """Searches with workers; the record of the trials, also where the search did not end."""
    (folder / "rows").mkdir(exist_ok=True)
    (folder / "rows" / "part-0.gz").write_bytes(rows)
    whole = job(folder, settings=SETTINGS.model_dump(), train_files=(f"{folder}/rows/*",))
    measured = Trainings(
        whole,
        measure=measure,
        code="1",
        workers=1,
        scratch=folder / "scratch",
        kept=folder / "kept" / "trials",
    )
    tuning = TuningSettings(trials=trials, space=space)
    oracle = Oracle(SETTINGS, tuning, measure, seed)
    kept = folder / "kept"
    with trained_by(workers):
        Search(oracle, measured, scratch=folder / "scratch", record=kept).search()
    return record(folder)["trials"]


def record(folder: Path) -> dict[str, Any]:
    """What a search has written down."""
    told: dict[str, Any] = json.loads((folder / "kept" / "search.json").read_text())
    return told


def outcomes(trials: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    """What was tried, and the scores."""
    return [(trial["values"], trial["score"]) for trial in trials]


def interrupt_at(stop: int) -> Callable[[int], str | None]:
    """Ends the process' work at a training, as a signal does."""

    def end(number: int) -> str | None:
        if number == stop:
            raise KeyboardInterrupt
        return None

    return end


def test_it_begins_with_the_settings_and_ends_with_better_ones(tmp_path: Path) -> None:
    trials = search(tmp_path, Peak(), trials=8)
    own = {"learning_rate": 0.001, "dropout": 0.3, "layers": 2}
    assert trials[0]["values"] == own
    values = [trial["values"] for trial in trials]
    assert len({json.dumps(one) for one in values}) == 8
    assert all(1e-4 <= one["learning_rate"] <= 1e-2 for one in values)
    assert all(0.0 <= one["dropout"] <= 0.5 and one["layers"] in (1, 2, 3) for one in values)
    best = trials[record(tmp_path)["best"] - 1]
    assert best["score"] == max(trial["score"] for trial in trials) > trials[0]["score"]
    assert best["epoch"] == 2
    assert best["epochs"] == 3


def test_settings_outside_the_space_are_not_tried(tmp_path: Path) -> None:
    space = {"dropout": {"min": 0.0, "max": 0.1}, "layers": [1, 3]}
    trials = search(tmp_path, Peak(), space=space)
    assert all(t["values"]["dropout"] <= 0.1 and t["values"]["layers"] != 2 for t in trials)


def test_the_seed_draws_the_values(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "same", "other", "none")]
    for folder in folders:
        folder.mkdir()
    one, same, other, none = (
        outcomes(search(folder, Peak(), trials=4, seed=seed))
        for folder, seed in zip(folders, (3, 3, 4, 0), strict=True)
    )
    assert one == same
    assert one[0] == other[0]
    assert one[1:] != other[1:]
    again = tmp_path / "again"
    again.mkdir()
    assert none == outcomes(search(again, Peak(), trials=4, seed=0))  # 0 is a seed, too


def test_a_trial_trains_the_job_with_its_values_and_leaves_no_model_behind(tmp_path: Path) -> None:
    workers = Peak()
    trials = search(tmp_path, workers, trials=3)
    for trial, trained in zip(trials, workers.jobs, strict=True):
        changed = SETTINGS.model_dump() | trial["values"] | {"refresh_epochs": 0}
        assert trained.settings == changed
        assert not Path(trained.run_dir).exists()
    assert len({trained.run_dir for trained in workers.jobs}) == 3


ONE = {"learning_rate": SPACE["learning_rate"]}


@pytest.mark.parametrize(
    ("stop", "space"), [(1, SPACE), (3, SPACE), (4, ONE)], ids=["first", "random", "gaussian"]
)
def test_it_goes_on_where_it_was_ended(tmp_path: Path, stop: int, space: Any) -> None:
    """The fourth trial over one setting comes from a Gaussian process, of which nothing is kept."""
    whole, ended = tmp_path / "whole", tmp_path / "ended"
    whole.mkdir()
    ended.mkdir()
    expected = search(whole, Peak(), trials=4, space=space)
    with pytest.raises(KeyboardInterrupt):
        search(ended, Peak(interrupt_at(stop)), trials=4, space=space)
    second = Peak()
    trials = search(ended, second, trials=4, space=space)
    assert outcomes(trials) == outcomes(expected)
    assert len(second.jobs) == 4 - (stop - 1)
    assert [trial["kept"] for trial in trials] == [True] * (stop - 1) + [False] * (5 - stop)


def test_other_rows_are_trained_on_anew(tmp_path: Path) -> None:
    search(tmp_path, Peak())
    same, other = Peak(), Peak()
    search(tmp_path, same)
    assert same.jobs == []
    search(tmp_path, other, rows=b"others")
    assert len(other.jobs) == 6


def test_more_trials_add_to_those_there_are(tmp_path: Path) -> None:
    search(tmp_path, Peak(), trials=4)
    more = Peak()
    assert len(search(tmp_path, more, trials=6)) == 6
    assert len(more.jobs) == 2


def test_a_search_goes_by_what_chooses_the_epoch(tmp_path: Path) -> None:
    trials = search(tmp_path, Peak(measure="val_log_likelihood"), measure="val_log_likelihood")
    assert record(tmp_path)["measure"] == "val_log_likelihood"
    (tmp_path / "other").mkdir()
    assert outcomes(trials) == outcomes(search(tmp_path / "other", Peak()))


def test_a_small_space_ends_the_search_once_it_is_used_up(tmp_path: Path) -> None:
    workers = Peak()
    trials = search(tmp_path, workers, trials=30, space={"layers": [1, 2], "heads": [1, 2]})
    assert len(trials) == len(workers.jobs) == 4


def test_failed_trials_end_no_search_and_are_never_the_best(tmp_path: Path) -> None:
    workers = Peak(lambda number: "worker 0 is gone" if number != 5 else None)
    trials = search(tmp_path, workers)
    assert [trial["score"] is None for trial in trials] == [True] * 4 + [False, True]
    assert record(tmp_path)["best"] == 5
    assert "Received: worker 0 is gone of the retriever" in trials[0]["error"]


def test_a_search_without_any_good_trial_fails_with_the_reason(tmp_path: Path) -> None:
    says = r"one trial that ends well\. Received: 6 trials, all of which failed, .* worker 0 is"
    with pytest.raises(SearchFailedError, match=says):
        search(tmp_path, Peak(lambda _: "worker 0 is gone"))
    assert record(tmp_path)["best"] is None


class Diverging(Peak):
    """Workers that stop a training at too high a learning rate, and say why."""

    def run(self, job: Job, path: Path) -> str | None:
        if job.settings["learning_rate"] <= 0.002:
            return super().run(job, path)
        stall.tell(stall.NotFiniteError("the loss is nan"), job.run_dir)
        return "worker 0 ended with exit code 1"


def test_a_training_that_stalled_has_failed_by_its_name(tmp_path: Path) -> None:
    trials = search(tmp_path, Diverging(), trials=8)
    diverged = [trial for trial in trials if trial["values"]["learning_rate"] > 0.002]
    assert 0 < len(diverged) < 8
    assert {trial["error"] for trial in diverged} == {"the loss is nan"}
    assert all(trial["score"] for trial in trials if trial not in diverged)


def test_an_error_that_is_of_no_training_ends_the_search_and_loses_nothing(tmp_path: Path) -> None:
    def full(number: int) -> str | None:
        if number == 3:
            raise OSError("No space left on device")
        return None

    with pytest.raises(FatalRuntimeError, match="trial 3 could not be run") as caught:
        search(tmp_path, Peak(full))
    assert isinstance(caught.value.__cause__, OSError)
    later = Peak()
    search(tmp_path, later)
    assert len(later.jobs) == 4


def test_each_trial_is_told_in_a_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock that stands still: a machine with other work would tell of tenths of a second.
    monkeypatch.setattr("trainer.tuning.trials.time", SimpleNamespace(monotonic=lambda: 7.0))
    lines: list[str] = []
    workers = Peak(lambda number: "worker 0 is gone" if number == 2 else None)
    with told_to(lines.append):
        search(tmp_path, workers, trials=2, space={"layers": [1, 2]})
        search(tmp_path, Peak(), trials=2, space={"layers": [1, 2]})
    first, failed, again, other = lines
    assert first.startswith(f"trial 1 of 2: layers 2: {MEASURE} 0.2504 in epoch 2 of 3, 0.0 s; ")
    assert first.endswith("best 0.2504 (trial 1)")
    assert failed.startswith("trial 2 of 2: layers 1: failed: Every worker must end well. ")
    assert "2 of 3, trained before; best 0.2504 (trial 1)" in again
    assert other.endswith("best 0.3341 (trial 2)")
    assert first in capfd.readouterr().err  # which is the log of a run
