"""The verdict on a log of shown lists, with a real model that is asked for its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from components.checks import Bound, Check
from components.report.facts import is_note
from components.training_period import TrainingPeriod
from components.verdict.off_policy import ShownLists, off_policy_checks
from serving.stream.log_files import DAY_SECONDS, EventLogFiles
from serving.stream.messages import Exposure, Outcome
from tests.components.toy_recommender import ITEMS, ToyRecommender, item_id
from transform.features import Feature, Kind, Side
from transform.settings import DataSettings, ExampleSettings, Table

BEGIN = 20_000 * DAY_SECONDS
USERS = 480
TRAINED = TrainingPeriod(protocol="time", first_time=0, last_time=BEGIN - 1)
BOUND = Bound(name="off_policy_value_gain", lower=0.5, why="worse")
SEGMENT = Feature(name="segment", side=Side.QUERY, kind=Kind.CATEGORY)
VISITS = Feature(name="visits", side=Side.CONTEXT, kind=Kind.NUMBER)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ToyRecommender().save(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> ShownLists:
    """Half of the users, by chance, are shown the item that follows their last one.

    The others are shown the item itself once more. What follows is taken by every second user.
    """
    folder = tmp_path_factory.mktemp("log")
    random = np.random.default_rng(5)
    messages, histories = [], []
    for number in range(USERS):
        user, last, at = f"u{number}", int(random.integers(ITEMS)), BEGIN + number
        follows = bool(random.integers(2))
        item = item_id(last + 1) if follows else item_id(last)
        messages.append(Exposure(f"r{number}", user, at, (item,), propensities=(0.5,)))
        if follows and random.integers(2):
            messages.append(Outcome(f"e{number}", user, item, "click", at + 9))
        histories.append((user, [item_id(last)], ["click"], [BEGIN - 1], "north"))
    histories.append(("later", [item_id(0)], ["click"], [BEGIN + 2 * DAY_SECONDS], "south"))
    files = EventLogFiles(folder / "log", "impression", [VISITS])
    files.write(BEGIN // DAY_SECONDS, messages, {0: "1"})
    files.close()
    names = ["user_id", "history_item_id", "history_event_type", "history_time", "segment"]
    pl.DataFrame(histories, names, orient="row").write_parquet(folder / "users.parquet")
    data = DataSettings(events=Table(path=str(folder / "log")))
    return ShownLists(data, ExampleSettings(), (SEGMENT, VISITS), (), folder / "users.parquet")


def checks(shown: ShownLists, models: tuple[Path, Path | None], **changes: object) -> list[Check]:
    given = {"trained": TRAINED, "held_out_from": BEGIN, "bound": BOUND, **changes}
    return off_policy_checks(shown, models, **given)  # type: ignore[arg-type]


def test_the_candidate_is_worth_what_its_lists_would_have_earned(
    shown: ShownLists, model: Path
) -> None:
    logged, *found = checks(shown, (model, None))
    assert logged.value == pytest.approx(0.25, abs=0.05)
    assert len(found) == 3
    for check in found:
        assert check.name.startswith("candidate")
        assert is_note(check)
        assert check.interval is not None
        assert check.interval[0] < 0.5 < check.interval[1]
        assert "users in effect" in check.note


def test_a_gain_below_the_bound_is_a_check_that_fails(shown: ShownLists, model: Path) -> None:
    *_, gain = checks(shown, (model, model))
    assert gain.name == BOUND.name
    assert gain.value == 0.0  # a model is as good as itself
    assert not gain.passed
    *_, gain = checks(shown, (model, model), bound=Bound(name=BOUND.name))
    assert gain.passed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"held_out_from": BEGIN + DAY_SECONDS}, "no list with propensities"),
        (
            {"trained": TrainingPeriod(protocol="leave_one_out", first_time=0, last_time=1)},
            "holds out no time",
        ),
    ],
)
def test_without_an_estimate_the_check_says_why_and_passes(
    shown: ShownLists, model: Path, changes: dict[str, object], said: str
) -> None:
    (check,) = checks(shown, (model, model), **changes)
    assert check.passed
    assert said in check.note
