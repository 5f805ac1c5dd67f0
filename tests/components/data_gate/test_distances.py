"""Distances between samples: values worked out by hand, and what chance may do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.data_gate.distances import (
    category_distance,
    length_distance,
    missing_distance,
    number_distance,
    sample_distance,
)
from tests.components.data_gate.statistics import categories, numbers

MANY = (1e9, 1e9)


def test_categories_are_as_far_apart_as_the_share_that_differs_most():
    now, before = categories({"a": 50, "b": 50}), categories({"a": 30, "b": 60, "c": 10})
    assert category_distance(now, before, MANY).value == pytest.approx(0.2)


def test_a_value_of_one_side_only_counts_in_full():
    before, now = categories({"a": 1}), categories({"a": 3, "new": 1})
    assert category_distance(now, before, MANY).value == pytest.approx(0.25)


def test_numbers_that_share_no_bin_are_one_apart():
    assert number_distance(numbers([1.0] * 9), numbers([0.0] * 9), MANY).value == pytest.approx(1)


def test_missing_numbers_are_a_bin_of_their_own():
    # (1/2, 1/2) against (1, 0): by hand, (1/2 log2 2/3 + 1/2 log2 2 + log2 4/3) / 2.
    before, now = numbers([5.0] * 100), numbers([5.0] * 50, missing=50)
    assert number_distance(now, before, MANY).value == pytest.approx(0.3113, abs=1e-4)
    not_a_number = numbers([5.0] * 50, nan=50)
    assert number_distance(not_a_number, before, MANY).value == pytest.approx(0.3113, abs=1e-4)


def test_missing_values_and_empty_texts_are_the_same():
    before = categories({"t1": 60, "t2": 40})
    assert missing_distance(categories({"": 25, "t3": 75}), before, MANY).value == 0.25
    absent = categories({"t3": 75})
    absent.string_stats.common_stats.num_missing = 25
    assert missing_distance(absent, before, MANY).value == 0.25
    assert missing_distance(numbers([], missing=4), numbers([1.0]), MANY).value == 1.0
    assert missing_distance(numbers([9.0]), numbers([1.0]), MANY).value == 0.0


@pytest.mark.parametrize("sides", [([], [1.0]), ([1.0], [])])
def test_a_number_that_is_missing_on_one_side_is_one_apart(sides):
    now, before = (numbers(values, missing=1 - len(values)) for values in sides)
    assert number_distance(now, before, MANY).value == pytest.approx(1)


def test_an_extreme_value_hardly_counts():
    values = np.arange(1000.0)
    extreme = np.append(values[:-1], 1e9)
    assert number_distance(numbers(extreme), numbers(values), MANY).value < 1e-3


def test_lengths_of_rows_are_compared():
    short = categories({"a": 300}, lengths=[1] * 99 + [9])
    long = categories({"a": 900}, lengths=[2] * 99 + [9])
    assert length_distance(short, short, MANY).value == 0
    assert length_distance(long, short, MANY).value > 0.9


def test_lists_that_are_cut_at_another_length_are_not_apart_for_that():
    whole = categories({"a": 1}, lengths=list(range(1, 101)))
    cut = categories({"a": 1}, lengths=[min(n, 50) for n in range(1, 101)])
    for now, before in ((whole, cut), (cut, whole)):
        assert length_distance(now, before, MANY).value == pytest.approx(0, abs=1e-3)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.integers(0, 5))
def test_a_sample_is_not_apart_from_itself(values, missing):
    same = numbers(values, missing=missing)
    assert number_distance(same, same, MANY).value == pytest.approx(0, abs=1e-12)


@given(
    st.lists(st.floats(-1e3, 1e3), max_size=50),
    st.lists(st.floats(-1e3, 1e3), max_size=50),
)
def test_a_distance_lies_between_nothing_and_one(first, second):
    found = number_distance(numbers(first, missing=1), numbers(second, missing=1), (5, 5))
    assert -1e-12 <= found.value <= 1 + 1e-12
    assert 0 < found.noise <= 1


@pytest.mark.parametrize("size", [60, 2000])
def test_samples_of_one_distribution_stay_within_the_noise_and_others_do_not(size):
    rng = np.random.default_rng(3)
    rows = (size, size)

    def number(shift):
        return numbers(np.exp(1.5 * rng.normal(shift, 1, size)))

    def category(p):
        names, counts = np.unique(rng.choice(list("abcd"), size, p=p), return_counts=True)
        return categories(dict(zip(names, counts, strict=True)))

    even, other = [0.4, 0.3, 0.2, 0.1], [0.05, 0.05, 0.1, 0.8]
    for _ in range(20):
        same = number_distance(number(0), number(0), rows)
        assert same.value < same.noise
        same = category_distance(category(even), category(even), rows)
        assert same.value < same.noise
    apart = number_distance(number(3), number(0), rows)
    assert apart.value > apart.noise
    apart = category_distance(category(other), category(even), rows)
    assert apart.value > apart.noise


def test_samples_are_compared_by_the_tenths_of_the_earlier_one():
    same = np.arange(100.0)
    assert sample_distance(same, same, (100, 100)).value == 0.0
    # All above, where a tenth was: (1) against (1/10, and 9/10 elsewhere).
    above = (np.log2(1 / 0.55) + 0.1 * np.log2(0.1 / 0.55) + 0.9 * np.log2(0.9 / 0.45)) / 2
    assert sample_distance(same + 1000, same, (100, 100)).value == pytest.approx(above)
    # One of two values, each half of the time, against always the first: by hand.
    half, first = np.array([0.0, 1.0] * 50), np.zeros(100)
    one_sided = 0.5 * np.log2(1 / 0.75) + 0.5 * (0.5 * np.log2(0.5 / 0.75) + 0.5 * np.log2(2.0))
    assert sample_distance(half, first, (100, 100)).value == pytest.approx(one_sided)


def test_a_missing_value_of_a_sample_differs_from_all_others():
    nothing, something = np.full(50, np.nan), np.ones(50)
    assert sample_distance(nothing, nothing, (50, 50)).value == 0.0
    assert sample_distance(nothing, something, (50, 50)).value == pytest.approx(1.0)
    assert sample_distance(something, nothing, (50, 50)).value == pytest.approx(1.0)


def test_chance_stays_within_the_noise_of_samples():
    random = np.random.default_rng(0)
    for size in (30, 1000):
        found = sample_distance(*random.lognormal(size=(2, size)), (size, size))
        assert found.value < found.noise
