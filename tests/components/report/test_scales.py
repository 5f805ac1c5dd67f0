"""Axes: round steps enclose the data and scales are linear, at any magnitude."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components.report.scales import Scale, round_steps

values = st.floats(-1e9, 1e9, allow_nan=False)


@given(low=values, high=values)
def test_round_steps_enclose_the_data(low, high):
    low, high = min(low, high), max(low, high)
    assume(high - low > 1e-6 * max(abs(low), abs(high), 1e-3))
    steps = round_steps(low, high)
    width = steps[1] - steps[0]
    assert steps[0] <= low + 1e-6 * width
    assert steps[-1] >= high - 1e-6 * width
    assert 3 <= len(steps) <= 8


def test_equal_values_still_give_an_axis():
    assert round_steps(3.0, 3.0) == [2.0, 3.0, 4.0]


@pytest.mark.parametrize(("value", "pixel"), [(0.0, 100.0), (5.0, 50.0), (10.0, 0.0)])
def test_a_scale_is_linear_and_may_run_downwards(value, pixel):
    assert Scale(0.0, 10.0, 100.0, 0.0).at(value) == pixel
