"""Intervals of values, and where none is named."""

from __future__ import annotations

import numpy as np
import pytest

from components.off_policy.estimators import Predicted, doubly_robust, ips, snips
from components.off_policy.logged import Logged
from components.off_policy.value import NoOverlapError, lead, overlap, value
from components.off_policy.weights import independent
from tests.components.off_policy.logs import EARNS, SHOWN, TARGET, VALUE, of_one_place

LISTS = 600


def noisy(seed: int, target: np.ndarray = TARGET, lists: int = LISTS) -> Logged:
    """A log as it is drawn: items by their probabilities, rewards of 0 and 1."""
    rng = np.random.default_rng(seed)
    item = rng.choice(3, lists, p=SHOWN / SHOWN.sum())
    reward = (rng.random(lists) < EARNS[item]).astype(float)
    columns = (reward, (SHOWN / SHOWN.sum())[item], target[item])
    return Logged(np.arange(lists), *(column[:, None] for column in columns))


def test_the_interval_is_that_of_the_standard_error() -> None:
    log, _ = of_one_place(repeats=500)
    terms = ips(independent(log), log.reward)
    found = value(terms, log.user)
    error = terms.gained.std() / np.sqrt(len(log.user))
    assert found.value == pytest.approx(VALUE)
    assert found.error == pytest.approx(error, rel=0.1)
    assert found.upper - found.lower == pytest.approx(2 * 1.96 * error, rel=0.1)


@pytest.mark.parametrize("estimator", [ips, snips])
def test_the_truth_lies_in_nineteen_of_twenty_intervals(estimator: object) -> None:
    hits = 0
    for seed in range(200):
        log = noisy(seed)
        found = value(estimator(independent(log), log.reward), log.user)  # type: ignore[operator]
        hits += found.lower <= VALUE <= found.upper
    assert 180 <= hits <= 198


def test_lists_of_one_user_count_as_one() -> None:
    log = noisy(1)
    terms = snips(independent(log), log.reward)
    twice = Logged(
        np.tile(log.user, 2),
        *(np.tile(column, (2, 1)) for column in (log.reward, log.propensity, log.target)),
    )
    again = snips(independent(twice), twice.reward)
    assert value(again, twice.user) == pytest.approx(value(terms, log.user))
    strangers = value(again, np.arange(len(twice.user)))
    assert strangers.error < 0.8 * value(terms, log.user).error


def test_a_lead_has_less_noise_than_its_two_values() -> None:
    log = noisy(2)
    near = Logged(log.user, log.reward, log.propensity, log.propensity)
    ours = snips(independent(log), log.reward)
    of_the_log = ips(independent(near), near.reward)
    found = lead(ours, of_the_log, log.user)
    assert found.value == pytest.approx(value(ours, log.user).value - log.reward.mean(), rel=1e-6)
    assert found.lower > 0.0  # the policy takes what earns more
    assert lead(ours, ours, log.user) == pytest.approx((0.0, 0.0, 0.0, 0.0))


def test_a_policy_that_does_what_the_log_never_did_is_refused() -> None:
    """Of the wanted items, the log never shows one that takes half of the places."""
    log = noisy(3, target=TARGET / 2)
    terms = ips(independent(log), log.reward)
    with pytest.raises(NoOverlapError, match=r"may do.*Received: 0\.\d+, \d+\.\d standard errors"):
        value(terms, log.user)
    whole = ips(independent(noisy(3)), log.reward)
    assert overlap(whole, log.user).mass == pytest.approx(1.0, abs=0.1)
    with pytest.raises(NoOverlapError):
        lead(whole, terms, log.user)
    with pytest.raises(NoOverlapError):
        lead(terms, whole, log.user)


def test_a_policy_without_anything_in_common_is_refused() -> None:
    log = noisy(4, target=np.zeros(3))
    with pytest.raises(NoOverlapError, match="Received: 0, "):
        value(snips(independent(log), log.reward), log.user)


def test_a_value_that_a_few_users_decide_is_refused_unless_the_weights_are_clipped() -> None:
    log = noisy(5)
    log.propensity[0], log.target[0] = 1e-6, 1.0
    with pytest.raises(NoOverlapError, match=r"at least 100 users.*Received: 1\.0"):
        value(snips(independent(log), log.reward), log.user)
    clipped = value(snips(independent(log), log.reward, most=10.0), log.user)
    assert clipped.lower <= VALUE <= clipped.upper
    model = Predicted(np.zeros((LISTS, 1)), np.full((LISTS, 1), 0.3))
    switched = doubly_robust(independent(log), log.reward, model, most=10.0)
    assert value(switched, log.user).error < 0.1


def test_too_short_a_log_is_refused() -> None:
    log = noisy(6, lists=50)
    with pytest.raises(NoOverlapError, match="at least 100 users"):
        value(ips(independent(log), log.reward), log.user)
