"""A watch goes on where the log cannot be read, and says so."""

import pytest

from components.traffic.metrics import TrafficMetrics
from components.traffic.watching import Watch
from tests.exposition import told
from transform.errors import DataError


def watched(*outcomes):
    """What is told after some measurements; an outcome may be an error."""
    metrics = TrafficMetrics()
    left = iter(outcomes)

    def measure():
        outcome = next(left, None)
        if outcome is None:
            watch.stop()
            raise OSError
        raise outcome

    watch = Watch(measure, metrics, every_s=0.0)
    watch.run()
    return told(metrics).splitlines()


def test_a_log_that_cannot_be_read_is_read_again():
    found = watched(OSError("gone"), DataError("broken"))
    assert "sluice_traffic_failures_total 3.0" in found
    assert "sluice_traffic_measured_timestamp_seconds 0.0" in found


def test_an_error_that_nobody_foresaw_ends_it():
    with pytest.raises(ZeroDivisionError):
        watched(ZeroDivisionError())
