"""Drawing from parts of histories: each event alike, whatever stands before and after."""

import numpy as np
import pytest

from transform.rows.own_items import OwnItems

ITEM = np.array([2, 2, 1, 2, 0, 3, 3, 2])
OWN = OwnItems(ITEM, np.array([True, True, True, False]))  # 3 was never taken


@pytest.mark.parametrize(
    ("start", "end", "drawn"), [(1, 4, [2, 1, 2]), (4, 7, [0, 0, 0]), (5, 7, [-1] * 3)]
)
def test_a_number_chooses_an_event(start, end, drawn):
    numbers = np.array([0.0, 0.34, 0.99])
    assert OWN.draw(np.full(3, start), np.full(3, end), numbers).tolist() == drawn


@pytest.mark.parametrize(
    ("start", "end", "shares"),
    [
        (1, 4, [0, 1 / 3, 2 / 3, 0]),
        (4, 7, [1, 0, 0, 0]),
        (0, 8, [1 / 6, 1 / 6, 4 / 6, 0]),
        (5, 7, [0] * 4),
        (3, 3, [0] * 4),
    ],
)
def test_the_probability_is_the_share_of_the_events(start, end, shares):
    found, able = OWN.probability(np.full(4, start), np.full(4, end), np.arange(4))
    assert found == pytest.approx(shares)
    assert able.tolist() == [any(shares)] * 4
