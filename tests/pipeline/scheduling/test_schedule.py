"""Which spans are trained on, when, and what the diary says of it. The runs are stand-ins."""

import itertools
import os
import sys
import time

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import RunError
from pipeline.runners.lock import locked
from pipeline.scheduling.child import Children
from pipeline.scheduling.diary import What
from pipeline.scheduling.due import ATTEMPTS
from pipeline.scheduling.spans import complete_spans
from tests.pipeline.scheduling.conftest import PROGRAM
from transform.errors import DataError


def test_the_latest_complete_span_is_trained_on_once(works):
    works.day(1, 2, 3)
    assert works.look() == ["started", "pushed"]
    assert works.look() == []
    works.day(4)
    works.look()
    assert works.trained == [3, 4]
    assert works.diary[1].why == "version 7"


def test_after_an_outage_the_latest_span_makes_up_for_the_others(works):
    works.day(1)
    works.look()
    works.day(2, 3, 4)
    works.look()
    assert works.trained == [1, 4]


def test_catching_up_trains_on_each_missed_span_in_order(works):
    works.day(1)
    works.look(catch_up=True)
    works.day(2, 3, 4)
    works.look(catch_up=True)
    assert works.trained == [1, 2, 3, 4]
    assert [entry.why for entry in works.diary if entry.what is What.STARTED][1:] == [
        *["the span was missed"] * 2,
        "the time has come",
    ]


def test_a_withheld_model_is_told_with_its_reason_and_not_tried_again(works):
    works.day(1)
    works.order({1: ["withhold"]})
    assert works.look() == ["started", "withheld"]
    assert works.diary[-1].why == "FAIL: ndcg is 0.1."
    assert works.look() == []


def test_a_run_that_failed_is_tried_three_times_until_the_next_span(works):
    works.day(1)
    works.order({1: ["fail"] * 9})
    works.look()
    assert works.trained == [1, 1, 1]
    assert works.diary[-2].why == "Transform failed: no room"
    assert works.told[-1] == ("01", "given up")
    assert works.diary[-1].why == "3 runs broke off; last: Transform failed: no room"
    assert works.look() == []  # it is said once
    works.day(2)
    works.look()
    assert works.trained == [1, 1, 1, 2]


@pytest.mark.parametrize("catch_up", [False, True])
def test_no_span_before_one_that_was_given_up_takes_its_place(works, catch_up):
    works.day(1, 2, 3)
    works.order({3: ["fail"] * 9})
    works.look(catch_up=catch_up)
    assert works.trained == [3, 3, 3]
    works.day(4)
    works.look(catch_up=catch_up)
    assert works.trained == [3, 3, 3, 4]


def test_catching_up_goes_on_behind_a_span_that_was_given_up(works):
    works.day(1)
    works.look()
    works.day(2, 3, 4)
    works.order({2: ["fail"] * 9})
    works.look(catch_up=True)
    assert works.trained == [1, 2, 2, 2, 3, 4]


def test_a_run_that_the_settings_stop_is_no_attempt(works):
    works.day(1)
    text = works.config.read_text()
    with Children([sys.executable, "-c", "from pipeline.cli import main; main()"]) as children:
        schedule = works.schedule(children, lambda entry: None)
        works.config.write_text(text + "sed: 7\n")
        for _ in range(ATTEMPTS):
            assert schedule.run(0.0, once=True) is What.REFUSED
    assert works.told == [("01", "started"), ("01", "refused")] * ATTEMPTS
    assert "`sed`" in works.diary[-1].why
    works.config.write_text(text)
    assert works.look() == ["started", "pushed"]
    assert works.diary[-2].why == "again, since the run before ended as refused"


def test_a_failed_run_is_not_tried_again_at_once(works):
    works.day(1)
    works.order({1: ["fail"]})
    works.look(retry=1e9)
    works.look(retry=1e9)
    assert works.trained == [1]
    works.look()
    assert works.told[-2:] == [("01", "started"), ("01", "pushed")]
    assert works.diary[-2].why == "again, since the run before ended as failed"


def test_the_clock_holds_a_span_back(works):
    works.day(1)
    works.look(every=1e9)  # the first does not wait
    works.day(2)
    works.look(every=1e9)
    assert works.trained == [1]
    works.look(every=0.0)
    assert works.trained == [1, 2]


@pytest.mark.parametrize(("found", "trained"), [("steady", [1]), ("drifted", [1, 3])])
def test_drift_trains_before_the_time_has_come(works, found, trained):
    works.day(1)
    works.look(every=1e9, drift=0.5)
    works.day(2, 3)
    works.order({"2026-03-03 data": [found]})
    works.look(every=1e9, drift=0.5)
    works.look(every=1e9, drift=0.5)  # a span is looked at once
    assert works.trained == trained
    assert [call for call in works.calls if "data" in call[1]] == [
        ("begin", "03-03 data"),
        ("end", "03-03 data"),
    ]


def test_a_drift_is_why_a_run_began(works):
    works.day(1)
    works.look(every=1e9, drift=0.5)
    works.day(2)
    works.order({"2026-03-02 data": ["drifted"]})
    works.look(every=1e9, drift=0.5)
    assert works.diary[-2].why == (
        "the data have drifted: train.genre category_drift at 80% of its bound"
    )


def test_items_are_refreshed_once_something_is_served(works):
    works.day(1)
    works.order({1: ["withhold"]})
    works.look(items=1e9)
    assert "items" not in dict(works.told)
    works.day(2)
    works.look(items=1e9)
    assert works.told[-1] == ("items", "pushed")


def test_items_are_not_refreshed_while_a_version_is_on_trial(works):
    works.day(1)
    works.look()
    works.labels(canary=2, stable=1)
    works.look(items=1e9)
    assert works.told[-1] == ("items", "skipped")
    assert works.diary[-1].why.startswith("version 2 is on trial as canary")
    works.labels(canary=1, stable=1)
    works.look(items=1e9)
    assert works.told[-1] == ("items", "pushed")


def test_once_does_not_wait_for_a_run_by_hand_and_says_so(works):
    works.day(1)
    with locked(works.root), pytest.raises(RunError, match="only one run at a time"):
        works.look()
    assert works.told == []
    assert works.look() == ["started", "pushed"]


@pytest.mark.parametrize(("ending", "code"), [("push", 0), ("withhold", 3), ("fail", 1)])
def test_once_exits_as_the_training_ended(works, ending, code):
    works.day(1)
    works.order({1: [ending] * 3})
    process = works.start("--once", "--retry", "0s")
    _, errors = process.communicate(timeout=120)
    assert process.returncode == code, errors


@pytest.mark.parametrize("option", ["--refresh-items", "--poll"])
def test_what_is_repeated_needs_a_pause(works, option):
    done = CliRunner().invoke(app, ["schedule", "--config", str(works.config), option, "0s"])
    assert done.exit_code == 2
    assert "longer than nothing" in done.output


def test_spans_that_are_left_out_on_purpose_are_not_caught_up_on(works):
    pair = ["--every", "7d", "--catch-up"]
    done = CliRunner().invoke(app, ["schedule", "--config", str(works.config), *pair])
    assert done.exit_code == 2
    assert "give one of the two" in " ".join(done.output.replace("│", " ").split())


def test_today_is_not_complete_and_a_numbered_span_is(works):
    works.config.write_text(works.config.read_text().replace("path: log", 'path: "log/{SPAN}"'))
    for span in ("7", "12"):
        (works.folder / "log" / span).mkdir(parents=True)
        (works.folder / "log" / span / "events.csv").touch()
    works.look()
    assert [span for _, span in works.calls] == ["12", "12"]


def test_a_span_that_is_still_written_to_waits(works):
    works.day(1)
    assert works.look(settle=3600.0) == []
    file = works.folder / "log" / "dt=2026-03-01" / "events.csv"
    long_ago = time.time() - 3601.0
    os.utime(file, (long_ago, long_ago))
    assert works.look(settle=3600.0) == ["started", "pushed"]


def test_a_log_that_is_not_divided_cannot_be_scheduled(works):
    (works.folder / "log").mkdir()
    (works.folder / "log" / "events.csv").touch()
    with pytest.raises(RunError, match="a log that is divided into days or spans"):
        works.look()
    works.config.write_text("name: shop\nroot: runs\ndata: {events: {path: log}}\n")
    with pytest.raises(RunError, match=r"settings without `data\.window`"):
        works.look()


def listing_fails(monkeypatch, *looks):
    """Makes some looks at the log fail, counted from 1."""
    seen = itertools.count(1)

    def listed(data, now, settle_s):
        if next(seen) in looks:
            raise DataError("the storage must be reachable")
        return complete_spans(data, now, settle_s)

    monkeypatch.setattr("pipeline.scheduling.schedule.complete_spans", listed)


def test_a_listing_that_fails_is_repeated(works, monkeypatch, caplog):
    works.day(1)
    listing_fails(monkeypatch, 2)

    def tell(entry):
        if entry.span.endswith("01") and entry.what is What.PUSHED:
            works.day(2)
        schedule.children.stopping = entry.span.endswith("02") and entry.what is What.PUSHED

    with Children(PROGRAM) as children:
        schedule = works.schedule(children, tell)
        schedule.run(0.01, once=False)
    assert works.trained == [1, 2]
    assert "looked at again: the storage must be reachable" in caplog.text


def test_a_log_that_cannot_be_listed_at_first_ends_the_schedule(works, monkeypatch):
    listing_fails(monkeypatch, 1)
    with Children(PROGRAM) as children, pytest.raises(DataError):
        works.schedule(children, print).run(0.01, once=False)


def test_a_line_that_a_crash_has_cut_is_passed_over(works):
    works.day(1)
    works.look()
    with (works.root / "schedule.jsonl").open("a") as file:
        file.write('{"time": 17')
    works.day(2)
    works.look()
    assert works.told == [
        *(("01", "started"), ("01", "pushed")),
        *(("02", "started"), ("02", "pushed")),
    ]
