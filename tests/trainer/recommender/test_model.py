"""Tests of the composed path on a toy shop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.recommender.shops import compose
from trainer.calibration import Calibration
from trainer.catalogue import Catalogue
from trainer.ranker.model import Ranker
from trainer.recommender.model import SIGNALS, Recommender
from trainer.two_tower.model import TwoTower

Rows = Callable[..., dict[str, Any]]
NOTHING = tf.zeros([1, 0], tf.int64)
NOW = tf.constant(0, tf.int64)


@pytest.fixture
def recommender(retriever: TwoTower, ranker: Ranker, catalogue: Catalogue) -> Recommender:
    return compose(retriever, ranker, catalogue, candidates=6)


def lists(recommender: Recommender, row: dict[str, Any], k: int, exclude: Any = None) -> Any:
    count = len(row["request_time"])
    nothing = tf.zeros([count, 0], tf.int64) if exclude is None else tf.constant(exclude, tf.int64)
    return [part.numpy() for part in recommender.recommend(row, nothing, tf.constant(k))]


def test_lists_hold_no_seen_item_and_no_repeat(recommender: Recommender, rows: Rows) -> None:
    ids, score, _ = lists(recommender, rows([[2, 3], [4]]), 5)
    for seen, shown in zip(({2, 3}, {4}), ids, strict=True):
        assert len(set(shown)) == 5
        assert not seen & set(shown)
        assert min(shown) >= 2
    assert (np.diff(score, axis=1) <= 0).all()


def test_seen_items_may_be_allowed(
    retriever: TwoTower, ranker: Ranker, catalogue: Catalogue, rows: Rows
) -> None:
    recommender = compose(retriever, ranker, catalogue, candidates=6, exclude_seen=False)
    ids, _, _ = lists(recommender, rows([[2, 3]]), 10)
    assert {2, 3} < set(ids[0])


def test_exclusions_do_not_shorten_a_list_while_items_remain(
    recommender: Recommender, rows: Rows
) -> None:
    """Ten items, two seen, five excluded: three remain, all of them are shown, then padding."""
    ids, score, retrieval = lists(recommender, rows([[2, 3]]), 5, [[4, 5, 6, 7, 8]])
    assert set(ids[0, :3]) == {9, 10, 11}
    assert ids[0, 3:].tolist() == [0, 0]
    assert score[0, 3:].tolist() == [0.0, 0.0]
    assert retrieval[0, 3:].tolist() == [0.0, 0.0]


def test_a_list_may_be_longer_than_the_candidates_of_the_settings(
    recommender: Recommender, rows: Rows
) -> None:
    ids, _, _ = lists(recommender, rows([[2, 3]]), 8)
    assert (ids > 0).all()


def test_aggregates_of_the_items_are_signals_of_their_own(
    retriever: TwoTower, ranker: Ranker, catalogue: Catalogue, rows: Rows
) -> None:
    """The ranker reads none of them: all that they say, they say to the calibration."""
    sold = np.zeros((len(catalogue.counts), 1), np.float32)
    sold[[7, 9], 0] = 1.0, 2.0
    known = replace(catalogue, aggregates=sold)
    recommender = compose(retriever, ranker, known, candidates=8, sources=("two_tower",))
    _, valid, signals = recommender.candidates(rows([[2, 3]]), NOTHING, tf.constant(8))
    assert signals.shape[-1] == len(SIGNALS) + 1
    assert valid.numpy().all()
    only = Calibration(weights=(*[0.0] * len(SIGNALS), 1.0), slope=1.0, offset=-1.0)
    recommender.set_calibration(only, only)
    ids, score, _ = lists(recommender, rows([[2, 3]]), 3)
    assert ids[0, :2].tolist() == [9, 7]
    np.testing.assert_allclose(score[0], tf.sigmoid([1.0, 0.0, -1.0]), rtol=1e-6)


def test_what_a_new_item_is_worth_is_a_signal_of_its_own(
    recommender: Recommender, rows: Rows
) -> None:
    """Of the items 2 to 11 the last one has no event; the one before it has one."""
    only = np.eye(len(SIGNALS))[SIGNALS.index("new")]
    calibration = Calibration(weights=tuple(only), slope=1.0, offset=-1.0)
    recommender.set_calibration(calibration, calibration)
    ids, score, _ = lists(recommender, rows([[2, 3]]), 2)
    assert ids[0, 0] == 11
    np.testing.assert_allclose(score[0], tf.sigmoid([0.0, -1.0]), rtol=1e-6)


def test_a_list_longer_than_the_catalogue_is_padded(recommender: Recommender, rows: Rows) -> None:
    ids, _, _ = lists(recommender, rows([[2, 3]]), 40)
    assert ids.shape == (1, 40)
    assert (ids[0] > 0).sum() == 8


def test_a_request_without_history_gets_a_full_list(recommender: Recommender, rows: Rows) -> None:
    ids, score, _ = lists(recommender, rows([[]]), 5)
    assert (ids > 0).all()
    assert np.isfinite(score).all()


def test_requests_ask_as_the_retriever_does(
    recommender: Recommender, retriever: TwoTower, rows: Rows
) -> None:
    row = rows([[], [2, 3], [11]])
    np.testing.assert_allclose(recommender.query(row), retriever(row), atol=1e-6)


def test_newcomers_have_a_calibration_of_their_own(recommender: Recommender, rows: Rows) -> None:
    """Here popularity alone: items 2, 3, ... have 9, 8, ... events."""
    ids, score, _ = lists(recommender, rows([[], [5]]), 10)
    assert ids[0].tolist() == list(range(2, 12))
    np.testing.assert_allclose(score[0, 0], 1 / (1 + np.exp(4 - np.log1p(9))), rtol=1e-5)
    assert ids[1, :9].tolist() != [2, 3, 4, 6, 7, 8, 9, 10, 11]


def test_ranking_the_shown_items_gives_the_shown_scores(
    recommender: Recommender, rows: Rows
) -> None:
    row = rows([[2, 3], [5, 6, 7]])
    ids, score, _ = lists(recommender, row, 4)
    ranked = recommender.rank(row, tf.constant(ids)).numpy()
    np.testing.assert_allclose(ranked, score, atol=1e-6)


def test_followers_are_candidates_and_the_votes_lift_them(
    recommender: Recommender, rows: Rows
) -> None:
    ids, valid, signals = recommender.candidates(rows([[2, 3]]), NOTHING, tf.constant(1))
    shown = ids.numpy()[0][valid.numpy()[0]].tolist()
    assert {4, 5} < set(shown)
    assert len(set(shown)) == len(shown)
    votes = dict(zip(ids.numpy()[0].tolist(), signals.numpy()[0, :, 2].tolist(), strict=True))
    assert votes[4] == pytest.approx(np.log(2.0))


def test_similar_items_are_the_nearest_others(recommender: Recommender) -> None:
    ids, cosine = recommender.similar(tf.constant([4], tf.int64), tf.constant(3), NOW)
    vectors = recommender.vectors.numpy()
    expected = vectors[2:] @ vectors[4]
    expected[4 - 2] = -np.inf
    assert ids.numpy()[0].tolist() == (np.argsort(-expected)[:3] + 2).tolist()
    np.testing.assert_allclose(cosine.numpy()[0], np.sort(expected)[::-1][:3], rtol=1e-5)


def test_an_unlisted_item_is_never_shown(
    retriever: TwoTower, ranker: Ranker, catalogue: Catalogue, rows: Rows
) -> None:
    catalogue.listed[[5, 6]] = False
    recommender = compose(retriever, ranker, catalogue, candidates=6)
    ids, _, _ = lists(recommender, rows([[2, 3]]), 10)
    assert not {5, 6} & set(ids[0].tolist())


def test_no_table_is_copied_for_a_request(recommender: Recommender, rows: Rows) -> None:
    """TensorFlow copies a table at every whole read, once its rows have been gathered by handle."""

    @tf.function
    def recommend() -> Any:
        row = rows([[2, 3]])
        return recommender.recommend(row, tf.zeros([1, 0], tf.int64), tf.constant(5))

    operations = recommend.get_concrete_function().graph.get_operations()
    whole, by_rows = (
        {operation.inputs[0].name for operation in operations if operation.type == kind}
        for kind in ("ReadVariableOp", "ResourceGather")
    )
    assert whole
    assert by_rows
    assert not whole & by_rows


@pytest.fixture
def with_diversity(
    retriever: TwoTower, ranker: Ranker, catalogue: Catalogue
) -> Callable[[float], Recommender]:
    """Composes the same recommender with any strength of diversification."""
    return lambda strength: compose(retriever, ranker, catalogue, candidates=20, diversity=strength)


def test_without_diversity_lists_are_bit_for_bit_those_by_probability(
    with_diversity: Callable[[float], Recommender], rows: Rows
) -> None:
    recommender, row = with_diversity(0.0), rows([[2, 3], [], [4]])
    ids, score, retrieval = lists(recommender, row, 5)
    every = recommender.candidates(row, tf.zeros([3, 0], tf.int64), tf.constant(5))
    candidates, valid, signals = (part.numpy() for part in every)
    by_probability = np.where(valid, recommender.rank(row, candidates).numpy(), -1.0)
    places = np.argsort(-by_probability, axis=1, kind="stable")[:, :5]
    assert ids.tolist() == np.take_along_axis(candidates, places, axis=1).tolist()
    assert score.tolist() == np.take_along_axis(by_probability, places, axis=1).tolist()
    assert retrieval.tolist() == np.take_along_axis(signals[..., 1], places, axis=1).tolist()


def test_without_diversity_the_graph_holds_none_of_it(
    with_diversity: Callable[[float], Recommender], rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    class UsedError(Exception):
        pass

    def used(*_: Any) -> None:
        raise UsedError

    monkeypatch.setattr("trainer.recommender.model.diversified", used)
    lists(with_diversity(0.0), rows([[2, 3]]), 5)
    with pytest.raises(UsedError):
        lists(with_diversity(0.1), rows([[2, 3]]), 5)


def test_diversity_spreads_a_list_and_keeps_each_items_score(
    with_diversity: Callable[[float], Recommender], rows: Rows
) -> None:
    row = rows([[2, 3], [5, 6, 7]])
    plain, full = with_diversity(0.0), with_diversity(1.0)
    ids, score, retrieval = lists(full, row, 4)
    by_probability, _, _ = lists(plain, row, 10)
    assert ids[:, 0].tolist() == by_probability[:, 0].tolist()
    vectors = plain.vectors.numpy()
    for shown, every in zip(ids, by_probability, strict=True):
        others = every[every > 0][1:]
        assert shown[1] == others[np.argmin(vectors[others] @ vectors[shown[0]])]
    assert ids[:, 1].tolist() != by_probability[:, 1].tolist()
    np.testing.assert_allclose(plain.rank(row, tf.constant(ids)).numpy(), score, atol=1e-6)
    known = dict(zip(*(part[0].tolist() for part in lists(plain, row, 10)[::2]), strict=True))
    np.testing.assert_allclose(retrieval[0], [known[item] for item in ids[0]], atol=1e-6)


@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_a_diverse_list_is_as_long_as_ever_and_shows_nothing_excluded(
    with_diversity: Callable[[float], Recommender], rows: Rows, strength: float
) -> None:
    """Ten items, two seen, five excluded: three remain."""
    recommender = with_diversity(strength)
    ids, score, retrieval = lists(recommender, rows([[2, 3]]), 5, [[4, 5, 6, 7, 8]])
    assert set(ids[0, :3]) == {9, 10, 11}
    for part in (ids, score, retrieval):
        assert part[0, 3:].tolist() == [0, 0]
    long, _, _ = lists(recommender, rows([[2, 3], []]), 40)
    assert long.shape == (2, 40)
    assert set(long[0, :8]) == set(range(4, 12))
    assert set(long[1, :10]) == set(range(2, 12))
    assert not long[0, 8:].any()


def test_rank_and_similar_items_know_no_diversity(
    with_diversity: Callable[[float], Recommender], rows: Rows
) -> None:
    row, candidates = rows([[2, 3]]), tf.constant([[4, 5, 6, 7]], tf.int64)
    plain, full = with_diversity(0.0), with_diversity(1.0)
    assert (
        full.rank(row, candidates).numpy().tolist() == plain.rank(row, candidates).numpy().tolist()
    )
    for one, other in zip(
        *(m.similar(tf.constant([4], tf.int64), tf.constant(5), NOW) for m in (plain, full)),
        strict=True,
    ):
        assert one.numpy().tolist() == other.numpy().tolist()
