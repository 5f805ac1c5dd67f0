"""Figures about calls."""

import numpy as np

from benchmarks.serving.calls import Calls
from tests.benchmarks.serving.calls import calls_of

INFINITY = float("inf")


def waits(*milliseconds):
    return calls_of(*((n, n + ms / 1000, 1) for n, ms in enumerate(milliseconds)))


def test_a_percentile_is_a_wait_that_so_many_did_not_exceed():
    calls = waits(*range(1, 101))
    found = [round(calls.percentile_ms(percent), 6) for percent in (0.0, 50.0, 99.0, 99.5, 100.0)]
    assert found == [1.0, 50.0, 99.0, 100.0, 100.0]


def test_the_order_of_the_calls_does_not_matter():
    assert round(waits(30, 10, 20).percentile_ms(50.0), 6) == 20.0


def test_a_failed_call_is_no_fast_answer():
    calls = calls_of((0, 0.001, None), (0, 0.01, 1), (0, 0.02, 1))
    assert calls.failed == 1
    assert round(calls.percentile_ms(50.0), 6) == 20.0
    assert calls.percentile_ms(99.0) == INFINITY


def test_no_calls_are_no_fast_calls():
    assert calls_of((0, 1, 1)).between(5, 6).percentile_ms(50.0) == INFINITY


def test_answers_count_where_they_come_and_failures_do_not():
    calls = calls_of((0, 1.5, 1), (1, 1.2, 1), (1, 1.3, None), (1, 2.0, 1))
    assert calls.answers_a_second(1.0, 2.0) == 2.0


def test_callers_count_where_they_came():
    calls = calls_of((0.9, 1.5, 1), (1.0, 9.0, 2), (2.0, 2.1, 3))
    assert calls.between(1.0, 2.0).version.tolist() == [2]


def test_calls_are_read_in_the_order_of_the_callers(tmp_path):
    np.savez(
        tmp_path / "c.npz",
        began=0.5,
        due=[2.0, 1.0],
        ended=[3.0, 4.0],
        version=[7, 0],
        status=[0, 8],
    )
    calls = Calls.read(tmp_path / "c.npz")
    assert calls.began == 0.5
    assert calls.due.tolist() == [1.0, 2.0]
    assert calls.answered.tolist() == [False, True]
    assert calls.version.tolist() == [0, 7]
