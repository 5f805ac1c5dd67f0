"""The bars of what the server adds."""

import pytest

from benchmarks.serving.overhead import Side, rows_of

INSIDE = Side(calls_a_second=500.0, p50_ms=4.0)


@pytest.mark.parametrize(
    ("outside", "holds"),
    [
        (Side(400.0, 4.9), [True, True]),
        (Side(399.0, 4.9), [False, True]),
        (Side(500.0, 5.1), [True, False]),
    ],
)
def test_bars(outside, holds):
    assert [row.holds for row in rows_of(INSIDE, outside)] == holds
