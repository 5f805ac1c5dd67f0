"""Drawing from a history: each event alike, whatever else the batch holds."""

import numpy as np
import pytest

from transform.rows.own_items import OwnItems

LATEST = np.array([[-1, 2, 1, 2], [-1, -1, -1, -1], [0, 3, 3, 3]])
OWN = OwnItems(LATEST, np.array([True, True, True, False]))  # 3 was never taken


def test_a_number_chooses_an_event():
    numbers = np.array([0.0, 0.34, 0.99])
    assert OWN.draw(np.zeros(3, int), numbers).tolist() == [2, 1, 2]
    assert OWN.draw(np.full(3, 1), numbers).tolist() == [-1, -1, -1]
    assert OWN.draw(np.full(3, 2), numbers).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("row", "shares"), [(0, [0, 1 / 3, 2 / 3, 0]), (1, [0, 0, 0, 0]), (2, [1, 0, 0, 0])]
)
def test_the_probability_is_the_share_of_the_events(row, shares):
    found, able = OWN.probability(np.full(4, row), np.arange(4))
    assert found == pytest.approx(shares)
    assert able.tolist() == [row != 1] * 4
