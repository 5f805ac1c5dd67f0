"""The rows of the benchmark, from the timeline that a closed loop leaves."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.results import Row, at_least, at_most

Day = dict[str, Any]
Timeline = dict[str, Any]

_WARM, _AFTER_TEN = "30+", "10-14"
_RETRAININGS = 2
_COMPARED_DAYS = 5  # after so many days, a drift is among the days that a day is compared with
_TIMES = ("seconds", "cpu_seconds")


def rows_of(timeline: Timeline) -> Iterator[Row]:
    """All rows.

    Args:
        timeline: With a drift and a broken category planted, and days on both sides of them.
    """
    plan = timeline["plan"]
    served = [day for day in timeline["days"] if day["day"] > 0]
    normal = [day for day in served if day["day"] < plan["drift_day"]]
    since = [day for day in served if day["day"] >= plan["drift_day"]]
    yield _found(since)
    yield _alarms([*normal, *since[_COMPARED_DAYS + 1 :]])
    yield from _recovery(normal, since)
    yield from _cold(normal)
    yield from _broken(served, plan["broken_day"])
    yield from _long_run(served)


def _found(since: Sequence[Day]) -> Row:
    measure = "days until the lists are seen to earn less after a drift"
    found = [number for number, day in enumerate(since, start=1) if day["fell"]]
    return at_most(measure, found[0], "days", 1) if found else _missed(measure, "days", "<= 1")


def _alarms(others: Sequence[Day]) -> Row:
    """Alarms where nothing drifted, of the days that had others to be compared with."""
    judged = [day for day in others if day["earnings"]]
    alarms = sum(day["fell"] for day in judged)
    return Row("alarms on days without a drift", alarms, f"of {len(judged)} days")


def _recovery(normal: Sequence[Day], since: Sequence[Day]) -> Iterator[Row]:
    """Quality of the days after a drift against the days before it."""
    before = _share(normal)
    trained, by_retrainings = 0, {0: since[0]}
    for day in since:
        by_retrainings.setdefault(trained, day)
        trained += day["retraining"] is not None
    quality = {count: _share([day]) / before for count, day in by_retrainings.items()}
    peers = {"before two retrainings": quality[0]}
    if 1 in quality:
        peers["after one"] = quality[1]
    measure = "quality after a drift and two retrainings over that before"
    if _RETRAININGS in quality:
        expected = _of_what_is_known(normal, by_retrainings[_RETRAININGS]["quality"])
        peers["by what had been seen of the new tastes"] = expected / before
        yield at_least(measure, quality[_RETRAININGS], "ratio", 0.95, peers)
    else:
        yield _missed(measure, "ratio", ">= 0.95")
    own = {"the shop's own pages": _share(normal, "own_page")}
    yield Row("quality before the drift", before, "share of the best", peers=own)


def _of_what_is_known(normal: Sequence[Day], quality: Mapping[str, Any]) -> float:
    """Quality of a day if each user were served as one who had done as much on the days before.

    What users did before their tastes changed does not count, and whoever did not change is as
    well known as ever: so it is what can be expected of a model that knows who changed.
    """
    by_rung = _by_rung(normal)
    known = {rung: best for rung, best in quality["best_by_known"].items() if best}
    return float(sum(by_rung[rung] * best for rung, best in known.items()) / quality["best"])


def _by_rung(days: Sequence[Day]) -> dict[str, float]:
    """Quality by what users had done, for rungs with lists."""
    rungs = {
        name: [day["quality"]["rungs"][name] for day in days]
        for name in days[0]["quality"]["rungs"]
    }
    return {
        name: sum(one["expected"] for one in of_days) / sum(one["best"] for one in of_days)
        for name, of_days in rungs.items()
        if any(one["lists"] for one in of_days)
    }


def _cold(normal: Sequence[Day]) -> Iterator[Row]:
    """Users after some ten deeds against those after thirty and more."""
    quality = _by_rung(normal)
    peers = {name: value for name, value in quality.items() if name != _AFTER_TEN}
    ratio = quality[_AFTER_TEN] / quality[_WARM]
    yield at_least("quality after 10 to 14 deeds over that after 30", ratio, "ratio", 0.8, peers)


def _broken(served: Sequence[Day], broken_day: int) -> Iterator[Row]:
    """Lists by a model that was trained on the broken table."""
    [evening] = [day["retraining"] for day in served if day["day"] == broken_day]
    version = evening and evening["version"]
    lists = sum(
        day["versions"].get(str(version), 0)
        for day in served
        if day["day"] > broken_day and version
    )
    yield at_most("lists by a model trained on a broken category", lists, "lists", 0)


def _long_run(served: Sequence[Day]) -> Iterator[Row]:
    yield at_least("simulated days in one run, without a hand on it", len(served), "days", 30)
    trained = [day["retraining"] for day in served if day["retraining"]]
    yield Row("retrainings", len(trained), "runs")
    seconds = {name: statistics.median(one[name] for one in trained) for name in _TIMES}
    yield Row("time of a retraining", seconds["seconds"], "s")
    yield Row("processor time of a retraining", seconds["cpu_seconds"], "s")
    pushed = [one for one in trained if one["version"] is not None]
    yield Row("versions that the gates let through", len(pushed), "versions")
    lost = sum(day["footprint"]["backlog"] + day["footprint"]["dead_letters"] for day in served)
    yield at_most("events left behind or refused by the stream", lost, "events", 0)
    first, last = served[0]["footprint"], served[-1]["footprint"]
    for name, what in (("server_mb", "model server"), ("loop_mb", "loop itself")):
        if first[name]:
            yield Row(f"memory of the {what}, last day over first", last[name] / first[name], "x")


def _share(days: Sequence[Day], of: str = "expected") -> float:
    return float(
        sum(day["quality"][of] for day in days) / sum(day["quality"]["best"] for day in days)
    )


def _missed(measure: str, unit: str, bar: str) -> Row:
    return Row(measure, None, unit, bar, holds=False)
