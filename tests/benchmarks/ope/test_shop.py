"""The shop as a bandit: probabilities and truths are those of what it does."""

import numpy as np
import pytest

from benchmarks.ope.policies import pages_of
from benchmarks.ope.shop import Shop
from simulation.assortment import Assortment
from simulation.policy import SLOTS

SESSIONS = 3_000


@pytest.fixture(scope="module")
def shop():
    return Shop(users=2_000, items=300)


@pytest.fixture(scope="module")
def drawn(shop):
    return shop.draw(SESSIONS, seed=1)


def test_the_probabilities_of_the_log_are_those_that_the_shop_names(shop, drawn):
    course, _, _ = shop.visited(SESSIONS, seed=1)
    assert drawn.by_place.propensity.ravel() == pytest.approx(course.slates.propensity)
    assert (drawn.item.ravel() == course.slates.item).all()


def test_given_the_places_above_the_first_says_all_of_the_order(drawn):
    by_place, given = drawn.by_place, drawn.given_above
    assert (given.propensity[:, 0] == by_place.propensity[:, 0]).all()
    # 0.55 or 0.05 of all lists show a stratum at a place; once the first is known, all of them do.
    share = (by_place.propensity / given.propensity)[:, 1:]
    assert np.unique(share.round(9)).tolist() == [0.05, 0.55]


def test_the_log_earns_what_is_said_to_be_true_of_it(drawn):
    earned = drawn.by_place.reward - drawn.truth_of_log
    noise = earned.std(axis=0) / np.sqrt(len(earned))
    assert (np.abs(earned.mean(axis=0)) < 5 * noise).all()
    # The control: what is true of the other policy is not true of the log.
    other = drawn.by_place.reward - drawn.truth
    assert (np.abs(other.mean(axis=0)) > 5 * noise).any()


def test_the_probabilities_of_all_items_add_up(shop, drawn):
    everything = np.ones(shop.world.items)
    assert drawn.expected(everything) == pytest.approx(np.ones((len(drawn.item), SLOTS)))


def test_a_page_too_small_for_a_list_is_refused():
    total = np.concatenate([[0.0], np.cumsum(np.ones(SLOTS - 1))])
    items = np.arange(SLOTS - 1)
    page = Assortment(items, total, np.array([0, SLOTS - 1]), np.ones(SLOTS - 1, bool))
    with pytest.raises(ValueError, match=r"at least 10 items\. Received: one of 9"):
        pages_of(page)
