"""The logging policy: what it shows, and that its propensities are what it does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.assortment import Assortment
from simulation.policy import SLOTS, draw_slates


def assortment(*sizes):
    """Pages of items 0, 1 ... with falling popularity."""
    weight = np.concatenate([np.arange(1.0, size + 1) ** -0.8 for size in sizes])
    item = np.concatenate([np.arange(size) for size in sizes])
    total = np.concatenate([[0.0], np.cumsum(weight)])
    return Assortment(item, total, np.cumsum([0, *sizes]), np.ones(max(sizes), bool))


def frequencies(size, requests, rng):
    """Share of slates, and propensity, of each item at each position of a page."""
    slates = draw_slates(assortment(size), np.zeros(requests, np.int64), rng)
    share, propensity = np.zeros((2, size, SLOTS))
    np.add.at(share, (slates.item, slates.position), 1 / requests)
    propensity[slates.item, slates.position] = slates.propensity
    return share, propensity


def test_propensities_are_the_frequencies(rng):
    requests = 40_000
    share, propensity = frequencies(25, requests, rng)
    noise = np.sqrt(propensity * (1 - propensity) / requests)
    assert (np.abs(share - propensity) <= 5 * noise).all()
    # The control: those of a policy without rotation would be far off.
    assert (np.abs(share - 2 * propensity) > 5 * noise).any()


def test_at_each_position_the_propensities_sum_to_1(rng):
    _, propensity = frequencies(25, 40_000, rng)
    assert propensity.sum(axis=0) == pytest.approx(np.ones(SLOTS))


def test_popular_items_stand_first_more_often(rng):
    share, _ = frequencies(100, 5_000, rng)
    assert share[:20, 0].sum() > 0.6
    assert share[:20, SLOTS - 1].sum() < 0.4


def test_every_item_may_be_shown(rng):
    share, _ = frequencies(60, 20_000, rng)
    assert (share.sum(axis=1) > 0).all()


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(0, 2**32))
def test_a_slate_is_full_and_shows_nothing_twice(sizes, seed):
    pages = np.repeat(np.arange(len(sizes)), 7)
    slates = draw_slates(assortment(*sizes), pages, np.random.default_rng(seed))
    for slate, page in enumerate(pages):
        mine = slates.slate == slate
        shown = min(SLOTS, sizes[page])
        assert slates.position[mine].tolist() == list(range(shown))
        assert len(set(slates.item[mine])) == shown
        assert slates.item[mine].max() < sizes[page]
    assert ((slates.propensity > 0) & (slates.propensity <= 1)).all()
