"""What scores are fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.recommender.shops import compose
from trainer.catalogue import Catalogue
from trainer.ranker.model import Ranker
from trainer.recommender.calibrating import (
    HeldOut,
    by_requests,
    by_shown_lists,
    shown_candidates,
)
from trainer.recommender.model import Recommender
from trainer.sequences import without_history
from trainer.settings import RecommenderSettings
from trainer.two_tower.model import TwoTower
from transform import features as keys


@pytest.fixture
def recommender(retriever: TwoTower, ranker: Ranker, catalogue: Catalogue) -> Recommender:
    return compose(retriever, ranker, catalogue, candidates=4)


def lists(rows: Any, shown: list[list[int]], taken: list[list[float]]) -> dict[str, Any]:
    return {
        **rows([[2, 3] for _ in shown]),
        keys.CANDIDATE_ITEM_ID: tf.ragged.constant(shown, tf.int64),
        keys.LABEL: tf.ragged.constant(taken, tf.float32),
    }


def test_what_was_shown_is_judged_in_its_order(recommender: Recommender, rows: Any) -> None:
    batches = [
        lists(rows, [[5, 4, 9], [3]], [[0.0, 1.0, 1.0], [0.0]]),
        lists(rows, [[8, 2]], [[1.0, 0.0]]),
    ]
    found = shown_candidates(recommender, batches, RecommenderSettings(exclude_seen=False))
    assert found.valid.tolist() == [[True] * 3, [True, False, False], [True, True, False]]
    assert found.taken.tolist() == [[False, True, True], [False] * 3, [True, False, False]]
    expected = recommender.signals(batches[0], tf.constant([[5, 4, 9], [3, 0, 0]], tf.int64))
    np.testing.assert_allclose(found.signals[:2], expected, rtol=1e-6)


@pytest.mark.parametrize(("exclude_seen", "expected"), [(True, [4]), (False, [4, 3])])
def test_what_no_list_of_the_recommender_holds_is_not_judged(
    recommender: Recommender, rows: Any, exclude_seen: bool, expected: list[int]
) -> None:
    """Of an unknown item (1), one of the history (3) and one more."""
    settings = RecommenderSettings(exclude_seen=exclude_seen)
    found = shown_candidates(recommender, [lists(rows, [[1, 4, 3]], [[1.0] * 3])], settings)
    assert np.array([1, 4, 3])[found.valid[0]].tolist() == expected


@pytest.fixture
def held_out(rows: Any) -> HeldOut:
    """Known users take what they are shown of items above 8; newcomers, half as often, any item.

    What users do next is item 4.
    """
    rng = np.random.default_rng(4)
    shown = [rng.permutation(np.arange(2, 12))[:5].tolist() for _ in range(300)]
    known = [[float(item > 8 and rng.random() < 0.5) for item in items] for items in shown]
    new = [[float(rng.random() < 0.1) for _ in items] for items in shown]
    first = without_history(lists(rows, shown, new))
    requests = rows([[2, 3]] * 50) | {
        keys.TARGET_ITEM_ID: tf.fill([50, 1], tf.constant(4, tf.int64))
    }
    return HeldOut([requests], [lists(rows, shown, known), first])


SHOWN = RecommenderSettings(candidates=10, calibration="shown", exclude_seen=False)


def test_scores_promise_the_clicks_that_shown_lists_got(
    recommender: Recommender, held_out: HeldOut
) -> None:
    recommender.set_calibration(**by_shown_lists(recommender, held_out, (), SHOWN))
    row = held_out.shown[0]
    promised = recommender.rank(row, row[keys.CANDIDATE_ITEM_ID].to_tensor()).numpy()
    assert promised.sum() == pytest.approx(tf.reduce_sum(row[keys.LABEL]).numpy(), rel=1e-3)


@pytest.mark.parametrize("kinds", [slice(1), slice(1, 2)])
def test_lists_for_one_kind_of_user_do_for_both(
    recommender: Recommender, held_out: HeldOut, kinds: slice
) -> None:
    one_kind = held_out._replace(shown=held_out.shown[kinds])
    recommender.set_calibration(**by_shown_lists(recommender, one_kind, (), SHOWN))
    (row,) = one_kind.shown
    promised = recommender.rank(row, row[keys.CANDIDATE_ITEM_ID].to_tensor()).numpy()
    assert promised.sum() == pytest.approx(tf.reduce_sum(row[keys.LABEL]).numpy(), rel=1e-3)


def asking(rows: Any, histories: list[list[int]], targets: list[int]) -> dict[str, Any]:
    target = tf.constant(targets, tf.int64)[:, tf.newaxis]
    return {**rows(histories), keys.TARGET_ITEM_ID: target}


def test_requests_of_newcomers_do_not_say_what_the_others_take(
    recommender: Recommender, rows: Any
) -> None:
    known = asking(rows, [[2, 3]] * 30, [4, 5, 6] * 10)
    first = without_history(asking(rows, [[2]] * 30, [7, 8, 9] * 10))
    settings = RecommenderSettings(candidates=10, exclude_seen=False)
    mixed = by_requests(recommender, [known, first], (), settings)
    assert mixed["known"] == by_requests(recommender, [known], (), settings)["known"]
    alone = by_requests(recommender, [first], (), settings)
    assert alone["known"] == alone["newcomers"]


@pytest.mark.parametrize("exclude_seen", [True, False])
def test_what_is_taken_again_says_nothing_where_seen_items_are_not_shown(
    retriever: TwoTower, ranker: Ranker, catalogue: Catalogue, rows: Any, exclude_seen: bool
) -> None:
    """Not of newcomers either, who have nothing to take again."""
    settings = {"candidates": 10, "exclude_seen": exclude_seen}
    recommender = compose(retriever, ranker, catalogue, **settings)
    new = asking(rows, [[2, 3]] * 30, [4, 5, 6] * 10)
    again = asking(rows, [[2, 3]] * 30, [2, 2, 3] * 10)
    both, one = (
        by_requests(recommender, found, (), RecommenderSettings(**settings))
        for found in ([new, again], [new])
    )
    assert (both["newcomers"] == one["newcomers"]) is exclude_seen


def test_newcomers_are_promised_what_newcomers_take(
    recommender: Recommender, held_out: HeldOut
) -> None:
    recommender.set_calibration(**by_shown_lists(recommender, held_out, (), SHOWN))
    row = held_out.shown[1]
    promised = recommender.rank(row, row[keys.CANDIDATE_ITEM_ID].to_tensor()).numpy()
    assert promised.sum() == pytest.approx(tf.reduce_sum(row[keys.LABEL]).numpy(), rel=1e-3)


def test_lists_for_known_users_do_not_say_what_newcomers_like(
    recommender: Recommender, held_out: HeldOut
) -> None:
    fitted = by_shown_lists(recommender, held_out, (), SHOWN)["newcomers"]
    asked = by_requests(recommender, held_out.requests, (), SHOWN)["newcomers"]
    assert (fitted.weights, fitted.slope) == (asked.weights, asked.slope)
    assert fitted.offset != asked.offset
