"""Exploration: lists are drawn as often as their probabilities say, and else stay as ranked."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError
from scipy import stats

from tests.trainer.recommender.shops import compose
from trainer.catalogue import Catalogue
from trainer.ranker.model import Ranker
from trainer.recommender.exploration import draw, propensity
from trainer.settings import RecommenderSettings
from trainer.two_tower.model import TwoTower

SIZES = [(1, 1), (2, 1), (2, 2), (5, 3), (3, 5), (7, 7)]  # candidates, places
NAMES = tf.constant([f"user-{number}\n1700000000" for number in range(40_000)])


def moved(candidates: int, which: int, where: int) -> list[int]:
    others = [rank for rank in range(candidates) if rank != which]
    return [*others[:where], which, *others[where:]]


def counted(candidates: int, places: int, share: float) -> np.ndarray:
    """Probability of each candidate at each place, by going through all moves."""
    filled = min(candidates, places)
    table = np.zeros((candidates, places))
    table[np.arange(filled), np.arange(filled)] = 1.0 - share
    for which, where in product(range(candidates), range(filled)):
        shown = moved(candidates, which, where)[:filled]
        table[shown, np.arange(filled)] += share / (candidates * filled)
    return table


@pytest.mark.parametrize(("candidates", "places"), SIZES)
def test_the_closed_form_is_what_counting_all_moves_gives(candidates: int, places: int) -> None:
    rank = tf.repeat(tf.range(candidates)[:, tf.newaxis], places, axis=1)
    found = propensity(rank, tf.fill([candidates], candidates), tf.constant(places), 0.2)
    expected = counted(candidates, places, 0.2)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert expected.sum(axis=0) == pytest.approx(
        [1.0] * min(candidates, places) + [0.0] * max(0, places - candidates)
    )


@pytest.mark.parametrize(("candidates", "places"), [(5, 3), (4, 4)])
def test_items_stand_where_they_are_said_to_as_often_as_is_said(
    candidates: int, places: int
) -> None:
    many = len(NAMES)
    drawn = draw(NAMES, tf.fill([many], candidates), tf.constant(places), 0.2)
    table = counted(candidates, places, 0.2)
    for place in range(places):
        often = np.bincount(drawn.rank[:, place].numpy(), minlength=candidates)
        assert stats.chisquare(often, many * table[:, place]).pvalue > 1e-4
        # The control: what a share of a tenth would give is not what is seen.
        other = counted(candidates, places, 0.1)[:, place]
        assert stats.chisquare(often, many * other).pvalue < 1e-9
    said = table[drawn.rank.numpy(), np.arange(places)]
    np.testing.assert_allclose(drawn.propensity, said, atol=1e-6)


def test_every_list_is_the_ranking_with_at_most_one_item_moved() -> None:
    drawn = draw(NAMES, tf.fill([len(NAMES)], 6), tf.constant(4), 0.2)
    possible = {tuple(moved(6, which, where)[:4]) for which, where in product(range(6), range(4))}
    lists, often = np.unique(drawn.rank.numpy(), axis=0, return_counts=True)
    assert {tuple(one) for one in lists} == possible
    assert often[(lists == np.arange(4)).all(axis=1)].sum() / len(NAMES) > 0.8


def test_a_repeated_request_gets_the_same_list_in_any_batch() -> None:
    count = tf.constant(4)
    together = draw(NAMES, tf.fill([len(NAMES)], 6), count, 0.2).rank.numpy()
    number = int(np.flatnonzero((together != np.arange(4)).any(axis=1))[3])
    alone = draw(NAMES[number : number + 1], tf.constant([6]), count, 0.2)
    assert alone.rank.numpy().tolist() == [together[number].tolist()]


def test_without_a_share_and_without_candidates_nothing_moves() -> None:
    still = draw(NAMES[:500], tf.fill([500], 6), tf.constant(4), 0.0)
    assert (still.rank.numpy() == np.arange(4)).all()
    assert (still.propensity.numpy() == 1.0).all()
    empty = draw(NAMES[:500], tf.fill([500], 0), tf.constant(4), 0.2)
    assert (empty.rank.numpy() == np.arange(4)).all()
    assert (empty.propensity.numpy() == 0.0).all()


def test_exploration_is_off_and_bounded() -> None:
    assert RecommenderSettings().exploration == 0.0
    with pytest.raises(ValidationError, match=r"less than or equal to 0\.2"):
        RecommenderSettings(exploration=0.3)


@pytest.fixture
def listed(
    retriever: TwoTower, ranker: Ranker, catalogue: Catalogue, rows: Callable[..., dict[str, Any]]
) -> Callable[..., list[np.ndarray]]:
    """Lists of 400 requests of one user; items 2 and 3 are seen."""
    recommender = compose(
        retriever, ranker, catalogue, candidates=12, exploration=0.2, exploration_depth=6
    )
    row = rows([[2, 3]] * 400)

    def ask(k: int, exclude: list[int], *, explore: bool = True) -> list[np.ndarray]:
        ruled_out = tf.constant([exclude] * 400, tf.int64)
        asked = (row, ruled_out, tf.constant(k))
        lists = (
            recommender.explored(*asked, NAMES[:400]) if explore else recommender.recommend(*asked)
        )
        return [part.numpy() for part in lists]

    return ask


def test_what_is_ruled_out_stays_out_and_nothing_stands_twice(
    listed: Callable[..., list[np.ndarray]],
) -> None:
    ids, *_ = listed(3, [4])
    assert not np.isin(ids, [0, 2, 3, 4]).any()
    assert all(len(set(one)) == 3 for one in ids)


def test_items_take_their_scores_along(listed: Callable[..., list[np.ndarray]]) -> None:
    plain = listed(6, [4], explore=False)
    best = {int(item): at for at, item in enumerate(plain[0][0])}
    ids, score, retrieval, chance = listed(3, [4])
    at = np.vectorize(best.__getitem__)(ids)  # of the best six, as the depth says
    np.testing.assert_array_equal(score, plain[1][0][at])
    np.testing.assert_array_equal(retrieval, plain[2][0][at])
    np.testing.assert_allclose(chance, counted(6, 3, 0.2)[at, np.arange(3)], atol=1e-6)
    assert 0.1 < (at != np.arange(3)).any(axis=1).mean() < 0.2


def test_a_list_longer_than_what_is_left_is_padded(
    listed: Callable[..., list[np.ndarray]],
) -> None:
    """Ten items, two seen, five excluded: three remain."""
    ids, score, retrieval, chance = listed(8, [4, 5, 6, 7, 8])
    assert all(set(one) == {9, 10, 11} for one in ids[:, :3])
    for part in (ids, score, retrieval, chance):
        assert part.shape == (400, 8)
        assert not part[:, 3:].any()
    assert (chance[:, :3] > 0.0).all()
