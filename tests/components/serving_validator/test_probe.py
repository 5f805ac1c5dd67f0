"""Latency as a single caller sees it, by a client whose slowness is known."""

import types

import pytest

from components.checks import Check
from components.serving_validator import probe
from components.serving_validator.probe import Probe
from pipeline.gates import Gates
from serving.query import Query, Recommendation


class SlowClient:
    """Takes 1 ms for each request but every tenth, which takes as long as it is told."""

    def __init__(self, clock, slow_seconds):
        self._clock, self._slow, self._asked = clock, slow_seconds, 0

    def recommend(self, queries, count):
        assert len(queries) == 1
        self._asked += 1
        self._clock.now += self._slow if self._asked % 10 == 0 else 0.001


def latencies(monkeypatch, slow_seconds):
    clock = types.SimpleNamespace(now=0.0)
    monkeypatch.setattr(probe, "time", types.SimpleNamespace(monotonic=lambda: clock.now))
    client = SlowClient(clock, slow_seconds)
    return Probe(server=None, client=client, calls=None, declared={}).latencies_ms([None] * 100)


class ClosingShop:
    """Shows everybody the same list, and nothing from some time on."""

    def __init__(self, ends):
        self._ends = ends

    def recommend(self, queries, count):
        full = [Recommendation(f"i{place}", 0.5, 1.0) for place in range(count)]
        return [full if query.request_time < self._ends else [] for query in queries]


@pytest.mark.parametrize(("ends", "share", "passed"), [(200, 1.0, True), (150, 0.5, False)])
def test_a_catalogue_that_has_ended_since_the_held_out_requests_is_stopped(ends, share, passed):
    probe_of_shop = Probe(server=None, client=ClosingShop(ends), calls=None, declared={})
    queries = [Query("u", 100, ("h",), ("view",), (1,))] * 4
    measured = {"cold_start_full": probe_of_shop.cold_start_full(queries, 30, moment=150)}
    assert measured == {"cold_start_full": share}
    assert checked(measured)["cold_start_full"].passed is passed


def checked(measured) -> dict[str, Check]:
    bounds = {bound.name: bound for bound in Gates().serving}
    return {name: bounds[name].check(value) for name, value in measured.items()}


def test_median_and_tail(monkeypatch):
    measured = latencies(monkeypatch, 0.5)
    assert measured["latency_p50_ms"] == pytest.approx(1.0)
    assert measured["latency_p99_ms"] == pytest.approx(500.0)
    assert all(check.passed for check in checked(measured).values())


def test_a_tail_of_seconds_is_stopped_by_the_gate(monkeypatch):
    found = checked(latencies(monkeypatch, 6.0))
    assert found["latency_p50_ms"].passed
    assert not found["latency_p99_ms"].passed
