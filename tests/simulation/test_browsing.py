"""What is taken after what."""

from types import SimpleNamespace

import numpy as np

from simulation.browsing import follow

WORLD = SimpleNamespace(successor=np.array([1, 2, 3, 0]))


def followed(item, follows, on_sale=(True, True, True, True)):
    assortment = SimpleNamespace(on_sale=np.array(on_sale))
    return follow(WORLD, assortment, np.array(item), np.array(follows, bool)).tolist()


def test_runs_of_followers_go_on_from_the_step_before():
    assert followed([0, 3, 3, 3, 2], [0, 1, 1, 0, 1]) == [0, 1, 2, 3, 0]


def test_what_is_not_on_sale_is_not_taken():
    assert followed([0, 3, 3], [0, 1, 1], on_sale=(True, False, True, True)) == [0, 3, 0]


def test_nothing_follows_nothing():
    assert followed([-1, 2, 1], [0, 1, 1]) == [-1, 2, 3]


def test_no_followers_no_change():
    assert followed([3, 2, 1], [0, 0, 0]) == [3, 2, 1]
