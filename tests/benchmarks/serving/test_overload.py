"""What is counted under overload."""

import numpy as np
import pytest

from benchmarks.serving.overload import recovery_seconds, rows_of
from tests.benchmarks.serving.calls import calls_of

CAPACITY, SECONDS = 10.0, 10.0


def phases(answered, slow_for=0.0):
    """Half of capacity, 30 a second of which some are answered, and half again, slow at first."""
    steady = [(t, t + 0.1, 1) for t in np.arange(0.0, 10.0, 0.2)]
    over = [
        (t, t + 0.3, 1 if number % 30 < answered else None)
        for number, t in enumerate(np.arange(300) / 30 + 9.7 + 0.3)
    ]
    after = [(t, t + (0.9 if t < 20.0 + slow_for else 0.1), 1) for t in np.arange(20.0, 30.0, 0.2)]
    return calls_of(*steady, *over, *after)


@pytest.mark.parametrize(
    ("answered", "slow_for", "holds"),
    [(9, 2.0, [True, True]), (7, 2.0, [False, True]), (9, 7.0, [True, False])],
)
def test_bars(answered, slow_for, holds):
    assert [row.holds for row in rows_of(phases(answered, slow_for), CAPACITY, SECONDS)] == holds


def test_recovery_counts_until_a_good_second_begins():
    assert recovery_seconds(phases(9, 3.0), 20.0, 200.0) == pytest.approx(3.0, abs=0.25)
    assert recovery_seconds(phases(9), 20.0, 200.0) == 0.0


def test_a_server_that_does_not_come_back_does_not_recover():
    assert recovery_seconds(phases(9, 100.0), 20.0, 200.0) == float("inf")
    failing = calls_of(*((t, t + 0.1, None) for t in np.arange(20.0, 30.0, 0.2)))
    assert recovery_seconds(failing, 20.0, 200.0) == float("inf")
    silent = calls_of((0.0, 0.1, 1))
    assert recovery_seconds(silent, 20.0, 200.0) == float("inf")
