"""Callers come at random times and are not held up by those before them."""

import threading
import time

import grpc
import numpy as np
import pytest

from components.serving_validator.load import Load


class Refused(grpc.RpcError):
    def code(self):
        return grpc.StatusCode.UNAVAILABLE

    def details(self):
        return "gone"


def test_arrivals_are_a_poisson_process():
    with Load(lambda number: 1, rate=200.0) as load:
        time.sleep(2.0)
    due = np.sort([call.due for call in load.calls])
    gaps = np.diff(due)
    assert len(due) == pytest.approx(400, rel=0.25)
    assert np.std(gaps) == pytest.approx(np.mean(gaps), rel=0.3)  # as of an exponential
    assert {call.version for call in load.calls} == {1}


def test_a_server_that_stands_still_is_charged_for_everyone_who_came_meanwhile():
    opened = threading.Event()

    def send(number):
        opened.wait()
        return 1

    with Load(send, rate=100.0) as load:
        time.sleep(1.0)
        opened.set()
    waits = np.array([call.milliseconds for call in load.calls])
    longest = waits.max()
    assert longest > 900
    assert (
        np.percentile(waits, 90) > 0.5 * longest
    )  # had callers waited in line, only the first would
    assert 0.2 * longest < np.median(waits) < 0.8 * longest


def test_a_failed_call_keeps_its_reason():
    def send(number):
        raise Refused

    with Load(send, rate=100.0) as load:
        time.sleep(0.3)
    assert {(call.version, call.error) for call in load.calls} == {(None, "UNAVAILABLE: gone")}


def test_our_own_mistakes_are_no_failed_calls():
    def send(number):
        raise KeyError("ours")

    with pytest.raises(KeyError), Load(send, rate=100.0):
        time.sleep(0.3)
