"""Each bar is held where it should be, and lost where it should be."""

import pytest

from benchmarks.evaluation.speed import speed
from benchmarks.processes import Cost


class ToySides:
    """Sides that take given seconds, a measurement after the other."""

    def __init__(self, evaluation, calls):
        self.evaluation, self.calls = iter(evaluation), iter(calls)

    def evaluate(self):
        return Cost(999.0, 2**20, {"seconds": next(self.evaluation), "rows": 90_000, "slices": 12})

    def ask(self):
        return Cost(999.0, 1, {"seconds": next(self.calls), "rows": 100})


@pytest.mark.parametrize(
    ("seconds", "call", "holds"),
    [(90.0, 1.0, [True, True]), (181.0, 10.0, [False, True]), (90.0, 0.99, [True, False])],
)
def test_bars(seconds, call, holds):
    rows = speed(ToySides([seconds], [call]), repeats=1)
    assert [row.holds for row in rows if row.bar] == holds
    assert rows[0].measure == "evaluation of 90,000 lists of 100 in 12 slices"


def test_the_middle_measurement_counts():
    rows = speed(ToySides([500.0, 90.0, 10.0], [1.0, 9.0, 0.1]), repeats=3)
    assert rows[0].value == 90.0
    assert rows[1].peers == {"model server, one call a request": 100.0}
    assert rows[2].value == pytest.approx(10.0)
