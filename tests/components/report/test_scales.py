"""Axes: round steps enclose the data, at any magnitude, and scales map their ends to their ends."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components.report.scales import (
    Decades,
    Linear,
    counting,
    enclosing,
    enclosing_decades,
    round_steps,
)

values = st.floats(-1e9, 1e9, allow_nan=False)
rates = st.floats(1e-12, 1.0)


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
def test_a_linear_scale_may_run_downwards(value, pixel):
    assert Linear(0.0, 10.0, 100.0, 0.0).at(value) == pixel


def test_the_ends_of_an_axis_are_marked():
    scale = enclosing(13.17, 13.68, 0.0, 60.0)
    assert scale.ticks() == (13.0, 13.2, 13.4, 13.6, 13.8)
    assert (scale.at(13.0), scale.at(13.8)) == (0.0, 60.0)


@pytest.mark.parametrize(
    ("last", "marks"), [(1, (1, 2)), (2, (1, 2)), (5, (1, 2, 3, 4, 5)), (14, (5, 10))]
)
def test_epochs_are_whole_numbers(last, marks):
    assert counting(last, 0.0, 1.0).ticks() == marks


@given(low=rates, high=rates)
def test_decades_enclose_the_data(low, high):
    low, high = min(low, high), max(low, high)
    first, last = enclosing_decades(low, high)
    assert first <= low * (1 + 1e-9)
    assert last >= high * (1 - 1e-9)
    assert last / first >= 9.99


@pytest.mark.parametrize(
    ("value", "pixel"), [(0.001, 0.0), (0.01, 50.0), (0.1, 100.0), (1e-9, 0.0), (0.0, 0.0)]
)
def test_each_decade_is_equally_wide_and_zero_lies_at_the_foot(value, pixel):
    scale = Decades(0.001, 0.1, 0.0, 100.0)
    assert scale.at(value) == pixel
    assert scale.ticks() == pytest.approx([0.001, 0.01, 0.1])
