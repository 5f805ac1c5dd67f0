"""What is counted over the logs, and that the count can go wrong."""

import numpy as np

from benchmarks.ope.shop import Shop
from benchmarks.ope.simulated import CONTROL, Estimate, estimates, is_refused, rows_of
from trainer.metrics.paired_bootstrap import Gain


def logs(right):
    """A hundred estimates, of which so many hold the truth."""
    return [Estimate(Gain(1.0, 0.9, 1.1 if i < right else 0.95, 0.1), 1.0) for i in range(100)]


def test_ninety_of_a_hundred_hold_and_fewer_do_not():
    rows = rows_of({"IPS": logs(90), "SNIPS": logs(89), CONTROL: logs(0)}, refused=100)
    assert [(row.value, row.holds) for row in rows] == [
        (90.0, True),
        (89.0, False),
        (0.0, True),
        (100.0, True),
    ]


def test_a_control_that_passes_and_a_policy_that_is_not_refused_do_not_hold():
    rows = rows_of({CONTROL: logs(100)}, refused=99)
    assert [row.holds for row in rows] == [False, False]


def test_estimates_of_one_log():
    drawn = Shop(users=2_000, items=300).draw(2_000, seed=3)
    found = dict(estimates(drawn))
    assert len(found) == 7
    for name, estimate in found.items():
        distance = abs(estimate.gain.value - estimate.truth) / estimate.gain.error
        assert distance > 4 if name == CONTROL else distance < 4, name
        assert np.isfinite(estimate.gain).all()
    assert is_refused(drawn)
