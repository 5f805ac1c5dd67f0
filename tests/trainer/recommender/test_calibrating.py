"""What scores are fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.recommender.shops import compose
from trainer.catalogue import Catalogue
from trainer.ranker.model import Ranker
from trainer.recommender.calibrating import calibrate, shown_candidates
from trainer.recommender.model import Recommender
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


def test_scores_promise_the_clicks_that_shown_lists_got(
    recommender: Recommender, rows: Any
) -> None:
    rng = np.random.default_rng(4)
    shown = [rng.permutation(np.arange(2, 12))[:5].tolist() for _ in range(300)]
    taken = [[float(item > 8 and rng.random() < 0.5) for item in items] for items in shown]
    row = lists(rows, shown, taken)
    settings = RecommenderSettings(candidates=4, calibration="shown", exclude_seen=False)
    fitted = calibrate(recommender, [row], settings)
    recommender.set_calibration(fitted, fitted)
    promised = recommender.rank(row, tf.constant(shown, tf.int64)).numpy()
    assert promised.sum() == pytest.approx(np.sum(taken), rel=1e-3)
