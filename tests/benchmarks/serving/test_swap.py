"""What is counted while versions take over."""

import pytest

from benchmarks.serving.__main__ import finite
from benchmarks.serving.releases import Change
from benchmarks.serving.swap import Seen, rows_of, what_callers_saw, wrong_versions
from tests.benchmarks.serving.calls import calls_of

PUBLISHED = {1: float("-inf"), 2: 10.0}
CHANGES = [Change(version=2, began=10.0, visible=11.0, available=14.0)]
STEADY = [(float(n), n + 0.010, 1) for n in range(10)]
GOOD = [*STEADY, (12.0, 12.015, 1), (14.5, 14.515, 2), (20.0, 20.5, 2)]


def seen(*more):
    return what_callers_saw(calls_of(*GOOD, *more), CHANGES)


def test_changes_that_go_well():
    good = seen()
    assert (good.failed, good.wrong) == (0, 0)
    assert good.steady_ms == pytest.approx(10.0)
    assert good.during_ms == pytest.approx(15.0)  # the slow call came after it was over
    assert good.well


@pytest.mark.parametrize(
    "bad",
    [
        (12.0, 12.01, None),  # failed
        (16.0, 16.01, 1),  # back to the old version
        (16.0, 16.01, 9),  # a version that nobody published
        (12.0, 12.5, 1),  # slow
    ],
)
def test_what_does_not_go_well(bad):
    assert not seen(bad).well


def test_a_version_may_not_answer_before_it_is_published():
    assert wrong_versions(calls_of((8.0, 8.1, 2)), PUBLISHED) == 1
    assert wrong_versions(calls_of((8.0, 10.1, 2)), PUBLISHED) == 0


def test_a_call_that_was_under_way_may_get_the_old_version():
    assert wrong_versions(calls_of((14.0, 14.1, 2), (14.05, 14.2, 1)), PUBLISHED) == 0
    assert wrong_versions(calls_of((14.0, 14.1, 2), (14.15, 14.2, 1)), PUBLISHED) == 1


GOOD_ROW, BAD_ROW = Seen(0, 0, 10.0, 19.0), Seen(0, 0, 10.0, 21.0)


def test_a_control_that_fails_before_the_change_shows_nothing():
    broken = Seen(5, 0, float("inf"), float("inf"))
    cold, unloaded = rows_of(GOOD_ROW, broken, broken)[-2:]
    assert (cold.holds, unloaded.holds) == (False, False)
    assert finite(cold).value is None
    assert finite(cold).peers == {"failed": 5.0}


def test_bars():
    failing = Seen(1, 2, 10.0, 10.0)
    assert [row.holds for row in rows_of(GOOD_ROW, BAD_ROW, failing)] == [True] * 5
    rows = rows_of(BAD_ROW, GOOD_ROW, GOOD_ROW)
    assert [row.holds for row in rows] == [True, True, False, False, False]
    assert [row.holds for row in rows_of(failing, BAD_ROW, BAD_ROW)][:2] == [False, False]
