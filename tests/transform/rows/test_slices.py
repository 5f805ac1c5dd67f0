"""The buckets that slice the evaluation."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transform import features as f
from transform.rows import slices

DAY = 86400
COUNTS = st.lists(st.integers(0, 50), min_size=1, max_size=40).map(np.array)


def test_an_item_is_new_until_the_training_knows_it():
    request = np.full(6, 100 * DAY)
    first = np.array([slices.NEVER, 101 * DAY, 100 * DAY, 99 * DAY, 93 * DAY, 72 * DAY])
    names = slices.age_names(first, request).to_list()
    assert names == ["new", "new", "new", "<7d", "<28d", "older"]


@pytest.mark.parametrize(("days", "name"), [(7, "<28d"), (6.99, "<7d"), (28, "older")])
def test_a_bucket_of_ages_begins_at_its_day(days, name):
    request = np.array([100 * DAY])
    assert slices.age_names(request - int(days * DAY), request).to_list() == [name]


def test_deciles_hold_a_tenth_of_what_happens():
    # One item takes half of everything, so the next one begins in the sixth decile.
    counts = np.array([50, 10, 10, 10, 10, 10, 0])
    assert slices.popularity_deciles(counts).tolist() == [1, 6, 6, 6, 6, 6, 0]
    equal = slices.popularity_deciles(np.full(100, 3))
    assert equal.tolist() == [1] * 100  # none is more popular than another
    falling = slices.popularity_deciles(np.arange(1, 101))
    assert (falling[-1], falling[0]) == (1, 10)


@given(COUNTS)
def test_deciles_follow_popularity_and_nothing_else(counts):
    deciles = slices.popularity_deciles(counts)
    shuffled = np.random.default_rng(1).permutation(len(counts))
    assert (slices.popularity_deciles(counts[shuffled]) == deciles[shuffled]).all()
    assert ((deciles == 0) == (counts == 0)).all()
    assert deciles.max() <= 10
    known = counts > 0
    order = np.argsort(-counts[known], kind="stable")
    assert (np.diff(deciles[known][order]) >= 0).all()


@given(st.integers(-(10**9), 4 * 10**9))
def test_hours_and_weekdays_are_those_of_the_calendar(time):
    moment = datetime.fromtimestamp(time, UTC)
    assert slices.hour_names(np.array([time])).to_list() == [moment.strftime("%H")]
    assert slices.weekday_names(np.array([time])).to_list() == [moment.strftime("%a")]


def test_every_name_is_declared():
    deciles = slices.popularity_names(np.arange(11))
    assert tuple(deciles) == f.SLICES[f.TARGET_POPULARITY]
    hours = slices.hour_names(np.arange(24) * 3600)
    assert tuple(hours) == f.SLICES[f.REQUEST_HOUR]
    rungs = slices.rung_names(np.array([0, 1, 5, 6, 21]))
    assert rungs.to_list() == ["0", "1", "2-5", "6-20", "21+"]
