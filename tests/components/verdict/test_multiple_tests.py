import math

import numpy as np
import pytest

from components.verdict.multiple_tests import chance_of_step_back, holm


def test_chances_of_the_normal_distribution():
    assert chance_of_step_back(-0.01, -0.01, 0.002) == pytest.approx(0.5)
    assert chance_of_step_back(-1.959964, 0.0, 1.0) == pytest.approx(0.025)
    assert chance_of_step_back(0.0, -1.644854, 1.0) == pytest.approx(0.95)


def test_without_an_error_nothing_is_left_to_chance():
    assert chance_of_step_back(-0.02, -0.01, 0.0) == 0.0
    assert chance_of_step_back(0.0, -0.01, 0.0) == 1.0


def test_holm_multiplies_by_what_is_left_and_never_falls():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_false_alarms_are_as_rare_as_the_level_says():
    # Fifty slices in which nothing is worse: without Holm nearly every evaluation would alarm.
    generator = np.random.default_rng(1)
    values = generator.normal(size=(1000, 50))
    alarms = plain = 0
    for row in values:
        chances = [chance_of_step_back(value, 0.0, 1.0) for value in row]
        alarms += min(holm(chances)) <= 0.05
        plain += min(chances) <= 0.05
    assert alarms / 1000 == pytest.approx(0.05, abs=0.02)
    assert plain / 1000 > 0.85


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="Leave out what was not measured"):
        holm([math.nan, 1e-9])
