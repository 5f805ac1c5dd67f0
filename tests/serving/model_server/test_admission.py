"""How many calls there are, and how long they take."""

from __future__ import annotations

import time

import pytest

from serving.model_server.admission import Admission
from serving.model_server.errors import RefusedError
from serving.model_server.metrics import Metrics


def test_calls_beyond_the_limit_are_refused_until_one_ends():
    metrics = Metrics()
    admission = Admission(2, metrics)
    with admission.admitted():
        assert b"RESOURCE_EXHAUSTED" not in metrics.exposition()
        with admission.admitted(), pytest.raises(RefusedError), admission.admitted():
            pass
        with admission.admitted():
            assert admission.in_flight == 2
    assert admission.in_flight == 0
    counted = b':tensorflow:serving:request_count{model_name="",status="RESOURCE_EXHAUSTED"} 1.0'
    assert counted in metrics.exposition()


def test_a_call_that_fails_has_ended():
    admission = Admission(1, Metrics())
    with pytest.raises(ZeroDivisionError), admission.admitted():
        raise ZeroDivisionError
    assert admission.in_flight == 0


def test_the_mean_follows_what_calls_take():
    admission = Admission(1, Metrics())
    for _ in range(2):
        with admission.admitted():
            time.sleep(0.5)
    assert admission.call_s >= 0.1 * 0.81 + 0.5 * (0.1 * 0.9 + 0.1)
