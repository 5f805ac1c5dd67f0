from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from components.baselines import ranking
from components.baselines.events import Requests, Sequences
from components.baselines.ranking import personal_ranks, popularity_ranks, popularity_shown

ITEMS = 7


def requests(*histories_and_targets):
    histories = [history for history, _ in histories_and_targets]
    flat = np.array([item for history in histories for item in history], np.int64)
    lengths = [len(history) for history in histories]
    history = Sequences(np.repeat(np.arange(len(lengths)), lengths), flat, flat * 0, len(lengths))
    target = np.array([target for _, target in histories_and_targets], np.int64)
    return Requests(history, target, target * 0, np.tile([0, 2**60], (ITEMS, 1)))


def timed(asked, times, available):
    """The same requests, asked at some times of items that come and go."""
    limits = np.array(available, np.int64)
    return replace(requests(*asked), time=np.array(times, np.int64), available=limits)


class Fixed:
    """The same scores, whoever asks; rows are told apart by the length of the history."""

    def __init__(self, score):
        self.score = np.array(score, float)

    def scores(self, history):
        return sp.csr_matrix(np.tile(self.score, (history.rows, 1)))


def _naive(score, history, target, *, exclude_seen, zero_is_listed):
    """Sorts the whole catalogue and looks the target up."""
    listed = [
        item
        for item in sorted(range(len(score)), key=lambda i: (-score[i], i))
        if (zero_is_listed or score[item] > 0) and not (exclude_seen and item in history)
    ]
    return listed.index(target) + 1 if target in listed else 0


ASKED = st.lists(
    st.tuples(st.lists(st.integers(0, ITEMS - 1), max_size=6), st.integers(-1, ITEMS - 1)),
    min_size=1,
    max_size=9,
)
SCORE = st.lists(st.integers(0, 3), min_size=ITEMS, max_size=ITEMS)  # with many ties


@given(ASKED, SCORE, st.booleans())
def test_popularity_ranks_equal_a_sorted_catalogue(asked, score, exclude_seen):
    found = popularity_ranks(np.array(score, float), requests(*asked), exclude_seen=exclude_seen)
    expected = [
        _naive(score, history, target, exclude_seen=exclude_seen, zero_is_listed=True)
        for history, target in asked
    ]
    assert found.tolist() == expected


@given(ASKED, SCORE, st.booleans())
def test_personal_ranks_equal_a_sorted_list_of_what_is_scored(asked, score, exclude_seen):
    found = personal_ranks(Fixed(score), requests(*asked), ITEMS, exclude_seen=exclude_seen)
    expected = [
        _naive(score, history, target, exclude_seen=exclude_seen, zero_is_listed=False)
        for history, target in asked
    ]
    assert found.tolist() == expected


@given(ASKED, SCORE, st.integers(1, ITEMS + 1), st.booleans())
def test_what_one_list_shows_equals_the_union_of_the_lists(asked, score, k, exclude_seen):
    order = sorted(range(ITEMS), key=lambda i: (-score[i], i))
    expected = {
        item
        for history, _ in asked
        for item in [i for i in order if not (exclude_seen and i in history)][:k]
    }
    found = popularity_shown(np.array(score, float), requests(*asked), k, exclude_seen=exclude_seen)
    assert found == len(expected)


@given(ASKED, SCORE)
def test_chunks_change_nothing(asked, score):
    whole = personal_ranks(Fixed(score), requests(*asked), ITEMS, exclude_seen=True)
    chunk, ranking._CHUNK = ranking._CHUNK, 2
    try:
        parts = personal_ranks(Fixed(score), requests(*asked), ITEMS, exclude_seen=True)
    finally:
        ranking._CHUNK = chunk
    assert parts.tolist() == whole.tolist()


def test_no_requests():
    assert personal_ranks(Fixed([1] * ITEMS), requests(), ITEMS, exclude_seen=True).tolist() == []


LIMITS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 9)), min_size=ITEMS, max_size=ITEMS
)  # of some items the end comes before the begin: they are never shown


@st.composite
def asked_at_times(draw):
    asked = draw(ASKED)
    times = draw(st.lists(st.integers(0, 9), min_size=len(asked), max_size=len(asked)))
    return asked, times, draw(LIMITS)


@pytest.mark.parametrize("chunk", [2, 2048])
@given(asked_at_times(), SCORE, st.integers(1, ITEMS), st.booleans())
def test_what_is_not_available_is_in_no_list(chunk, asked_at, score, k, exclude_seen):
    asked, times, available = asked_at

    def listed(history, time, *, zero_is_listed):
        return [
            item
            for item in sorted(range(ITEMS), key=lambda i: (-score[i], i))
            if (zero_is_listed or score[item] > 0)
            and not (exclude_seen and item in history)
            and available[item][0] <= time < available[item][1]
        ]

    def expected(*, zero_is_listed):
        lists = [
            listed(history, time, zero_is_listed=zero_is_listed)
            for (history, _), time in zip(asked, times, strict=True)
        ]
        ranks = [
            shown.index(target) + 1 if target in shown else 0
            for shown, (_, target) in zip(lists, asked, strict=True)
        ]
        return ranks, {item for shown in lists for item in shown[:k]}

    of, by = timed(asked, times, available), np.array(score, float)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ranking, "_CHUNK", chunk)
        ranks = popularity_ranks(by, of, exclude_seen=exclude_seen)
        shown = popularity_shown(by, of, k, exclude_seen=exclude_seen)
        personal = personal_ranks(Fixed(score), of, ITEMS, exclude_seen=exclude_seen)
    in_one_list, different = expected(zero_is_listed=True)
    assert (ranks.tolist(), shown) == (in_one_list, len(different))
    assert personal.tolist() == expected(zero_is_listed=False)[0]


def test_what_has_ended_gives_way_to_what_is_second():
    available = [(0, 100), *[(0, 2**60)] * (ITEMS - 1)]
    of = timed([([], 1), ([], 1)], [99, 100], available)
    score = np.array([9, 5, 1, 0, 0, 0, 0], float)
    assert popularity_ranks(score, of, exclude_seen=True).tolist() == [2, 1]
    assert personal_ranks(Fixed(score), of, ITEMS, exclude_seen=True).tolist() == [2, 1]
