"""Estimators against the truth of shops that can be counted."""

from __future__ import annotations

import numpy as np
import pytest

from components.off_policy.estimators import Predicted, Terms, doubly_robust, ips, snips
from components.off_policy.weights import effective_users, independent, sequential
from tests.components.off_policy.logs import (
    EARNS,
    TARGET,
    VALUE,
    of_one_place,
    of_two_places,
)


def total(terms: Terms) -> float:
    return float((terms.gained.mean(axis=0) / terms.base.mean(axis=0)).sum())


def predicted(item: np.ndarray, model: np.ndarray) -> Predicted:
    expected = np.full((len(item), 1), TARGET @ model)
    return Predicted(model[item][:, None], expected)


def test_ips_is_the_value_where_every_item_is_shown_as_often_as_it_is_probable() -> None:
    log, _ = of_one_place()
    assert total(ips(independent(log), log.reward)) == pytest.approx(VALUE)


def test_the_mean_of_the_log_is_not() -> None:
    log, _ = of_one_place()
    assert log.reward.mean() != pytest.approx(VALUE, abs=0.1)


def test_snips_is_the_value_and_moves_with_the_rewards() -> None:
    log, _ = of_one_place()
    few = np.arange(5)  # not every item as often as it is probable any more
    weights, reward = independent(log)[few], log.reward[few]
    assert total(snips(independent(log), log.reward)) == pytest.approx(VALUE)
    moved = total(snips(weights, reward + 10.0)) - total(snips(weights, reward))
    assert moved == pytest.approx(10.0)
    assert total(ips(weights, reward + 10.0)) - total(ips(weights, reward)) != pytest.approx(10.0)


@pytest.mark.parametrize("model", [EARNS, np.array([0.9, 0.1, 0.3])], ids=["right", "wrong"])
def test_doubly_robust_is_the_value_where_the_probabilities_are_right(model: np.ndarray) -> None:
    log, item = of_one_place()
    terms = doubly_robust(independent(log), log.reward, predicted(item, model))
    assert total(terms) == pytest.approx(VALUE)


def test_doubly_robust_is_the_value_where_only_the_model_is_right() -> None:
    log, item = of_one_place()
    wrong = independent(log) * np.array([[0.1], [3.0], [2.0], [0.5], [1.0], [4.0]])
    assert total(doubly_robust(wrong, log.reward, predicted(item, EARNS))) == pytest.approx(VALUE)
    assert total(ips(wrong, log.reward)) != pytest.approx(VALUE, abs=0.1)


def test_a_good_model_takes_away_noise() -> None:
    log, item = of_one_place()
    nearly = predicted(item, EARNS + np.array([0.01, -0.01, 0.01]))
    robust = doubly_robust(independent(log), log.reward, nearly)
    assert robust.gained.std() < 0.1 * ips(independent(log), log.reward).gained.std()


def test_clipping_takes_off_what_is_above() -> None:
    log, _ = of_one_place()  # weights 0.2, 0.6 and 4.2
    expected = (3 * 0.2 * 0.2 + 2 * 0.6 * 0.5 + 2.0 * 0.8) / 6
    assert total(ips(independent(log), log.reward, most=2.0)) == pytest.approx(expected)
    normalised = expected * 6 / (3 * 0.2 + 2 * 0.6 + 2.0)
    assert total(snips(independent(log), log.reward, most=2.0)) == pytest.approx(normalised)


def test_switch_believes_the_model_where_a_weight_is_too_large() -> None:
    log, item = of_one_place()
    model = np.array([0.0, 0.0, 0.7])
    terms = doubly_robust(independent(log), log.reward, predicted(item, model), most=2.0)
    # Items 0 and 1 by their rewards, the third by what the model says of it.
    assert total(terms) == pytest.approx(TARGET[:2] @ EARNS[:2] + TARGET[2] * 0.7)
    assert terms.used.max() < 2.0 < terms.weights.max()


LISTS = np.array([[0.0, 0.2, 0.1], [0.3, 0.0, 0.1], [0.2, 0.1, 0.0]])
WANTED = np.array([[0.0, 0.6, 0.1], [0.1, 0.0, 0.1], [0.1, 0.0, 0.0]])


def of_items_and_positions() -> np.ndarray:
    earns = np.zeros((3, 3, 2))
    earns[..., 0] = EARNS[:, None]
    earns[..., 1] = 0.5 * EARNS[None, :]
    return earns


def with_interaction() -> np.ndarray:
    """What stands above item 1 decides what item 1 earns."""
    earns = of_items_and_positions()
    earns[0, 1, 1] = 0.9
    return earns


def test_places_by_themselves_where_each_earns_by_its_item_and_position() -> None:
    earns = of_items_and_positions()
    log = of_two_places(LISTS, WANTED, earns, conditional=False)
    truth = (WANTED[..., None] * earns).sum()
    assert total(ips(independent(log), log.reward)) == pytest.approx(truth)


def test_places_with_what_stands_above_where_that_matters() -> None:
    earns = with_interaction()
    log = of_two_places(LISTS, WANTED, earns, conditional=True)
    truth = (WANTED[..., None] * earns).sum()
    assert total(ips(sequential(log), log.reward)) == pytest.approx(truth)
    assert total(snips(sequential(log), log.reward)) == pytest.approx(truth)


def test_places_by_themselves_are_wrong_where_what_stands_above_matters() -> None:
    earns = with_interaction()
    log = of_two_places(LISTS, WANTED, earns, conditional=False)
    truth = (WANTED[..., None] * earns).sum()
    assert total(ips(independent(log), log.reward)) != pytest.approx(truth, abs=0.01)


def test_effective_users_count_the_lists_of_a_user_as_one() -> None:
    weights = np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    by_list, by_user = np.arange(3), np.array([7, 7, 9])
    assert effective_users(weights, by_list).tolist() == pytest.approx([16 / 6, 0.0])
    assert effective_users(weights, by_user).tolist() == pytest.approx([2.0, 0.0])
