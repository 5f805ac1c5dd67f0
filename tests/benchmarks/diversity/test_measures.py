"""What is measured of lists, on lists small enough to count by hand."""

import math

import numpy as np
import pytest

from benchmarks.diversity.measures import change, quality, spread, well_formed

NAMES = np.array([b"a", b"b", b"c"])
# a and b are alike, c is the opposite of a.
COSINES = np.array([[1.0, 0.8, -1.0], [0.8, 1.0, 0.0], [-1.0, 0.0, 1.0]], np.float32)


def test_spread_is_the_mean_distance_of_pairs():
    one = spread(np.array([[0, 1, 2]]), COSINES)
    assert one == pytest.approx((0.2 + 2.0 + 1.0) / 3)
    both = spread(np.array([[0, 1], [0, 2]]), COSINES)
    assert both == pytest.approx((0.2 + 2.0) / 2)


def test_a_list_of_one_item_repeated_has_no_spread():
    assert spread(np.array([[1, 1, 1]]), COSINES) == 0.0


def test_quality_of_lists():
    lists = np.array([[b"a", b"b"], [b"a", b"b"], [b"c", b"a"], [b"a", b"c"]])
    targets = [b"a", b"b", b"z", b"c"]
    found = quality(lists, targets, NAMES, COSINES, catalogue=6)
    second = 1 / math.log2(3)
    assert found.ndcg.tolist() == pytest.approx([1.0, second, 0.0, second])
    assert found.recall.tolist() == [1.0, 1.0, 0.0, 1.0]
    assert found.spread == pytest.approx((0.2 + 0.2 + 2.0 + 2.0) / 4)
    assert found.coverage == 3 / 6
    assert found.distinct == 3 / 4


def test_the_margin_of_a_change_is_that_of_paired_requests():
    """Differences -1, 0, 0, 1: variance 2/3, over four requests."""
    before, after = np.array([1.0, 0.5, 0.2, 0.0]), np.array([0.0, 0.5, 0.2, 1.0])
    assert change(before, after) == pytest.approx((0.0, 1.96 * math.sqrt(2 / 3 / 4)))
    assert change(before, before) == (0.0, 0.0)
    assert change(before, before - 0.1) == pytest.approx((-0.1, 0.0))


@pytest.mark.parametrize(
    ("row", "share"),
    [
        ([b"a", b"b"], 1.0),
        ([b"a", b"a"], 0.5),
        ([b"a", b""], 0.5),
        ([b"a", b"s"], 0.5),  # already seen
    ],
)
def test_a_list_must_be_full_without_repeats_and_new(row, share):
    seen = [frozenset([b"s"]), frozenset()]
    assert well_formed(np.array([row, [b"a", b"s"]]), seen) == share
