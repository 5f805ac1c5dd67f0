"""The rows of the closed loop's benchmark, from timelines made by hand."""

import copy

import pytest

from benchmarks.closed_loop.rows import rows_of

RUNGS = ("0", "10-14", "30+")
FOUND = "days until the lists are seen to earn less after a drift"
RECOVERED = "quality after a drift and two retrainings over that before"
COLD = "quality after 10 to 14 deeds over that after 30"
BROKEN = "lists by a model trained on a broken category"
ALARMS = "alarms on days without a drift"
DAYS = "simulated days in one run, without a hand on it"


def day(number, score, *, version=None, trained=True, fell=False):
    sums = {"lists": 10, "expected": 100 * score, "best": 100, "own_page": 30, "clicks": 9}
    return {
        "day": number,
        "versions": {str(version or 1): 10},
        "quality": {
            **sums,
            "rungs": dict.fromkeys(RUNGS, sums),
            "best_by_known": {"0": 0, "10-14": 20, "30+": 80},
        },
        "earnings": {"standard_errors": -5.0 if fell else 0.0},
        "fell": fell,
        "retraining": {"version": version, "seconds": 60.0, "cpu_seconds": 90.0}
        if trained
        else None,
        "footprint": {"server_mb": 800.0, "loop_mb": 200.0, "backlog": 0, "dead_letters": 0},
    }


@pytest.fixture
def timeline():
    """Drift on day 2 is seen that day, healed by two retrainings; what broke is stopped."""
    days = [
        day(0, 0.3),
        day(1, 0.8, trained=False),
        day(2, 0.4, version=2, fell=True),
        day(3, 0.6, version=3),
        day(4, 0.78),
        day(5, 0.8, trained=False),
    ]
    return {"plan": {"drift_day": 2, "broken_day": 4}, "days": copy.deepcopy(days)}


def by_measure(timeline):
    return {row.measure: row for row in rows_of(timeline)}


def test_a_loop_that_withstands_all_but_is_short(timeline):
    rows = by_measure(timeline)
    assert (rows[FOUND].value, rows[FOUND].holds) == (1, True)
    assert rows[RECOVERED].value == pytest.approx(0.975)
    assert rows[RECOVERED].holds
    assert rows[RECOVERED].peers["after one"] == pytest.approx(0.75)
    assert rows[COLD].holds
    assert (rows[BROKEN].value, rows[BROKEN].holds) == (0, True)
    assert (rows[DAYS].value, rows[DAYS].holds) == (5, False)
    assert (rows[ALARMS].value, rows[ALARMS].unit) == (0, "of 1 days")


def test_a_drift_that_nobody_sees_is_a_miss(timeline):
    timeline["days"][2]["fell"] = False
    assert (by_measure(timeline)[FOUND].value, by_measure(timeline)[FOUND].holds) == (None, False)
    timeline["days"][3]["fell"] = True
    assert (by_measure(timeline)[FOUND].value, by_measure(timeline)[FOUND].holds) == (2, False)


def test_an_alarm_without_a_drift_is_counted(timeline):
    timeline["days"][1]["fell"] = True
    timeline["days"] += [day(number, 0.8, trained=False) for number in range(6, 10)]
    timeline["days"][-1]["fell"] = True
    timeline["days"][-2]["earnings"] = None  # it could not alarm
    assert by_measure(timeline)[ALARMS].value == 2
    assert by_measure(timeline)[ALARMS].unit == "of 2 days"


def test_quality_that_does_not_come_back_is_a_miss(timeline):
    timeline["days"][4]["quality"]["expected"] = 70
    assert by_measure(timeline)[RECOVERED].holds is False
    del timeline["days"][4:]
    timeline["plan"]["broken_day"] = 2
    missing = by_measure(timeline)[RECOVERED]
    assert (missing.value, missing.holds) == (None, False)


def test_recovery_stands_beside_what_could_be_known(timeline):
    rungs = timeline["days"][1]["quality"]["rungs"]
    rungs["10-14"] = {**rungs["10-14"], "expected": 40}
    peers = by_measure(timeline)[RECOVERED].peers
    # A fifth of the best lists were for users of whom as little was known as of those.
    assert peers["by what had been seen of the new tastes"] == pytest.approx(0.2 * 0.5 + 0.8)


def test_cold_users_who_are_served_worse_are_a_miss(timeline):
    rungs = timeline["days"][1]["quality"]["rungs"]
    rungs["10-14"] = {**rungs["10-14"], "expected": 50}
    assert by_measure(timeline)[COLD].value == pytest.approx(0.625)
    assert by_measure(timeline)[COLD].holds is False


def test_a_model_trained_on_the_broken_table_is_a_miss_where_it_serves(timeline):
    timeline["days"][4]["retraining"]["version"] = 9
    assert by_measure(timeline)[BROKEN].holds  # published, and no list came from it
    timeline["days"][5]["versions"] = {"9": 7, "3": 3}
    assert by_measure(timeline)[BROKEN].value == 7
    assert by_measure(timeline)[BROKEN].holds is False
