"""What may be shown, against the rule in plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.conftest import ITEMS, request_rows
from tests.trainer.recommender.shops import compose
from trainer.catalogue import Catalogue
from trainer.ranker.model import Ranker
from trainer.recommender.model import Recommender
from trainer.recommender.partitioned_index import PartitionedIndex, Probing
from trainer.recommender.partitions import partition
from trainer.two_tower.model import TwoTower

NEVER = np.iinfo(np.int64).max


# Item 4 goes at 100, item 5 comes at 100, item 6 is there from 50 to 150; items 7 and 8 are never
# listed.
AVAILABLE = {4: (0, 100), 5: (100, NEVER), 6: (50, 150)}
UNLISTED = {7, 8}


@pytest.fixture(params=["exact", "partitioned"])
def recommender(
    retriever: TwoTower, ranker: Ranker, catalogue: Catalogue, request: pytest.FixtureRequest
) -> Recommender:
    for item, limits in AVAILABLE.items():
        catalogue.available[item] = limits
    catalogue.listed[list(UNLISTED)] = False
    composed = compose(retriever, ranker, catalogue, candidates=6)
    if request.param == "partitioned":
        listed = np.flatnonzero(catalogue.listed)
        blocks = partition(composed.vectors.numpy(), listed, block=2)
        composed.set_index(PartitionedIndex(composed.exact, blocks, Probing(3, 4)))
    return composed


def may_show(history: list[int], exclude: list[int], time: int) -> set[int]:
    """The rule."""
    return {
        item
        for item in range(2, ITEMS)
        if item not in UNLISTED
        and item not in history
        and item not in exclude
        and AVAILABLE.get(item, (0, NEVER))[0] <= time < AVAILABLE.get(item, (0, NEVER))[1]
    }


def shown(
    recommender: Recommender, requests: list[tuple[list[int], list[int], int]], k: int
) -> list[list[int]]:
    histories, excluded, times = (list(part) for part in zip(*requests, strict=True))
    row: dict[str, Any] = request_rows(histories)
    row["request_time"] = tf.constant(times, tf.int64)
    exclude = tf.ragged.constant(excluded, tf.int64, ragged_rank=1).to_tensor()
    ids, _, _ = recommender.recommend(row, exclude, tf.constant(k))
    lists: list[list[int]] = ids.numpy().tolist()
    return lists


REQUESTS = st.tuples(
    st.lists(st.integers(1, ITEMS - 1), max_size=6),
    st.lists(st.integers(0, ITEMS - 1), max_size=8),
    st.sampled_from([0, 49, 50, 99, 100, 149, 150, 10**9]),
)


def test_a_list_is_short_only_where_nothing_is_left(recommender: Recommender) -> None:
    """Any histories, exclusions, times and lengths: nothing forbidden, and never one too few."""

    @given(st.lists(REQUESTS, min_size=1, max_size=4), st.integers(1, ITEMS + 3))
    @settings(max_examples=60)
    def check(requests: list[tuple[list[int], list[int], int]], k: int) -> None:
        for request, items in zip(requests, shown(recommender, requests, k), strict=True):
            allowed = may_show(*request)
            real = [item for item in items if item]
            assert set(real) <= allowed
            assert len(set(real)) == len(real) == min(k, len(allowed))
            assert items == real + [0] * (k - len(real))

    check()


def test_without_limits_the_same_requests_break_the_rule(
    retriever: TwoTower, ranker: Ranker, catalogue: Catalogue
) -> None:
    """The negative control: a recommender that knows no times shows what is not there."""
    careless = compose(retriever, ranker, catalogue, candidates=6)
    (items,) = shown(careless, [([], [], 10**9)], 10)
    assert not set(items) <= may_show([], [], 10**9)


@pytest.mark.parametrize(
    ("time", "there"),
    [(49, {4}), (50, {4, 6}), (99, {4, 6}), (100, {5, 6}), (149, {5, 6}), (150, {5})],
)
def test_an_item_is_there_from_its_first_second_and_before_its_last(
    recommender: Recommender, time: int, there: set[int]
) -> None:
    (items,) = shown(recommender, [([], [], time)], 12)
    assert set(items) & set(AVAILABLE) == there


def test_requests_of_one_batch_have_times_of_their_own(recommender: Recommender) -> None:
    early, late = shown(recommender, [([], [], 99), ([], [], 100)], 12)
    assert set(early) & set(AVAILABLE) == {4, 6}
    assert set(late) & set(AVAILABLE) == {5, 6}


@pytest.mark.parametrize(("now", "shown"), [(49, {4}), (99, {4, 6}), (100, {5, 6}), (150, {5})])
def test_similar_items_are_those_of_the_moment(
    recommender: Recommender, now: int, shown: set[int]
) -> None:
    ids, cosine = recommender.similar(
        tf.constant([2, 9], tf.int64), tf.constant(12), tf.constant(now, tf.int64)
    )
    for item, of_item, cosines in zip((2, 9), ids.numpy(), cosine.numpy(), strict=True):
        found = of_item[of_item > 0].tolist()
        assert set(found) == {2, 3, 9, 10, 11} - {item} | shown
        assert len(set(found)) == len(found)
        assert not cosines[len(found) :].any()
