"""Tests of the rows of the result."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality.protocol import Quality
from benchmarks.quality.rows import rows_of

ALL_FIRST, HALF_FIRST = np.array([1, 1, 1, 1]), np.array([1, 0, 1, 0])
SIMPLE = {"sequential_rules": Quality(0.4, 0.45)}


def test_values_are_means_over_seeds_beside_their_spread() -> None:
    rows = rows_of("log", [ALL_FIRST, HALF_FIRST], {"peer": [HALF_FIRST] * 2}, SIMPLE, None, 1.1)
    ndcg, spread = rows[0], rows[1]
    assert ndcg.value == pytest.approx(0.75)
    assert ndcg.peers == pytest.approx({"peer": 0.5, "sequential_rules": 0.4})
    assert spread.value == pytest.approx(np.std([1.0, 0.5], ddof=1))
    assert spread.peers == {"peer": 0.0}


def test_the_bar_is_ahead_of_the_best_other_where_none_is_set() -> None:
    holds = rows_of("log", [ALL_FIRST], {"peer": [HALF_FIRST]}, SIMPLE, None, 1.1)[0]
    assert holds.bar == ">= 0.55"
    assert holds.holds
    missed = rows_of("log", [HALF_FIRST], {"peer": [HALF_FIRST]}, SIMPLE, None, 1.1)[0]
    assert missed.holds is False


def test_a_bar_that_is_set_holds_for_each_measure_beside_the_lead() -> None:
    rows = rows_of("log", [HALF_FIRST], {}, SIMPLE, Quality(ndcg=0.4, hit_rate=0.6), 1.1)
    assert [row.holds for row in rows] == [True, None, False, None]
    behind = rows_of("log", [HALF_FIRST], {"peer": [ALL_FIRST]}, SIMPLE, Quality(0.4, 0.4), 1.1)
    assert [row.bar for row in behind[::2]] == [">= 1.1"] * 2
