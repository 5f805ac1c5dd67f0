"""The log in pieces: as many events as asked for, and never many at once."""

from collections import Counter

import polars as pl
import pytest

from simulation import days
from simulation.choice import Behaviour
from simulation.days import parts
from simulation.people import make_people
from simulation.plan import DAY, START, make_plan
from simulation.world import make_world


def log(events, **sizes):
    plan = make_plan(events, **sizes)
    world = make_world(plan)
    return list(parts(plan, world, make_people(plan, world), Behaviour()))


@pytest.mark.parametrize(
    "sizes",
    [
        {"events": 10_000, "days": 10},
        {"events": 30_000, "days": 3, "items": 50},
        {"events": 30_000, "days": 5, "drift": 0.5, "heavy_user": 10_000},
        {"events": 10_000, "days": 7, "users": 400},
        {"events": 10_000, "days": 7, "users": 3},
    ],
)
def test_the_log_is_about_as_large_as_asked_for(sizes):
    total = sum(len(part.events) for part in log(**sizes))
    assert total == pytest.approx(sizes["events"], rel=0.04)


def test_the_smallest_log_has_an_event():
    assert sum(len(part.events) for part in log(1, items=2, days=1)) >= 1


def test_what_is_held_at_once_depends_on_the_batch_not_on_the_log(monkeypatch):
    monkeypatch.setattr(days, "BATCH_EVENTS", 2_000)
    largest = [max(len(part.events) for part in log(n, days=2)) for n in (10_000, 40_000)]
    assert max(largest) < 2 * 2_000
    monkeypatch.setattr(days, "BATCH_EVENTS", 100_000)
    assert max(len(part.events) for part in log(40_000, days=2)) > 10_000


def test_parts_are_of_their_day_and_in_the_order_of_times(monkeypatch):
    monkeypatch.setattr(days, "BATCH_EVENTS", 2_000)
    seen = []
    sessions = Counter()
    for part in log(90_000, days=4):
        assert part.events["event_time"].is_between(part.day, part.day + DAY, "left").all()
        assert part.events["event_time"].is_sorted()
        seen.append((part.day, part.number))
        sessions.update(part.events["session_id"].unique())
    assert seen == sorted(set(seen))
    assert {day for day, _ in seen} == {START + n * DAY for n in range(4)}
    assert max(sessions.values()) == 2  # one that runs past midnight is in the parts of two days


def test_sessions_and_requests_are_numbered_through(monkeypatch):
    monkeypatch.setattr(days, "BATCH_EVENTS", 2_000)
    events = pl.concat([part.events for part in log(20_000, days=3)])
    for column in ("session_id", "request_id"):
        numbers = events[column].drop_nulls().unique().str.slice(1).cast(pl.Int64)
        # What runs past the end of the log is lost.
        assert len(numbers) == pytest.approx(numbers.max() + 1, rel=0.02)
    users = events.group_by("session_id").agg(pl.col("user_id").n_unique())
    assert users["user_id"].max() == 1
