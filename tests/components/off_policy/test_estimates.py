"""Policies of models held against a log whose lists were shuffled with known chances."""

from __future__ import annotations

import numpy as np
import pytest

from components.off_policy.estimates import SNIPS, Policy, as_logged
from components.off_policy.exposures import Exposures

USERS = 3000
# Taken where shown at a place: the item decides, and the first place counts twice.
RATE = {"a": 0.4, "b": 0.2, "c": 0.1}
PLACE = np.array([1.0, 0.5])


def log_of() -> Exposures:
    """Two of three items, each order as likely as the other."""
    random = np.random.default_rng(3)
    item = np.array([random.permutation(list(RATE))[:2] for _ in range(USERS)], object)
    chance = np.vectorize(RATE.get)(item) * PLACE
    reward = (random.random(chance.shape) < chance).astype(float)
    users = [f"u{number}" for number in range(USERS)]
    same = np.full(item.shape, 1 / 3)
    return Exposures(users, [0] * USERS, [{}] * USERS, item, same, reward)


def lists(*items: str) -> np.ndarray:
    return np.array([items] * USERS, object)


def worth(*items: str) -> float:
    return float(sum(RATE[item] * place for item, place in zip(items, PLACE, strict=True)))


@pytest.mark.parametrize("order", [("a", "b"), ("c", "b")])
def test_every_estimator_names_what_the_lists_would_earn(order: tuple[str, str]) -> None:
    found = Policy.of(log_of(), lists(*order)).values()
    assert len(found) == 3
    for estimate in found.values():
        assert estimate.gain is not None
        assert abs(estimate.gain.value - worth(*order)) < 4.0 * estimate.gain.error
        assert estimate.users == pytest.approx(USERS / 3, rel=0.1)


def test_the_better_of_two_models_is_ahead_by_what_it_is_better() -> None:
    log = log_of()
    good, bad = Policy.of(log, lists("a", "b")), Policy.of(log, lists("c", "b"))
    gain = good.gain_over(bad).gain
    assert gain is not None
    truth = worth("a", "b") / worth("c", "b") - 1
    assert gain.value == pytest.approx(truth, abs=0.5)
    assert gain.lower > 0.0
    back = bad.gain_over(good).gain
    assert back is not None
    assert back.upper < 0.0


def test_what_the_log_never_shows_is_refused() -> None:
    log = log_of()
    unknown = Policy.of(log, lists("d", "b"))
    assert all(one.gain is None and "may do" in one.refused for one in unknown.values().values())
    refused = unknown.gain_over(Policy.of(log, lists("a", "b")))
    assert refused.gain is None
    assert refused.refused


def test_a_few_users_are_no_support() -> None:
    log = log_of()
    few = Exposures(
        log.user_id[:150],
        log.time[:150],
        log.context[:150],
        *(column[:150] for column in (log.item, log.propensity, log.reward)),
    )
    found = Policy.of(few, lists("a", "b")[:150]).values()[SNIPS]
    assert found.gain is None
    assert "at least 100 users" in found.refused


def test_the_log_itself_needs_no_weights() -> None:
    found = as_logged(log_of())
    assert found.gain is not None
    assert found.gain.value == pytest.approx(np.mean(list(RATE.values())) * 1.5, rel=0.1)


def test_a_place_that_holds_nothing_changes_no_estimate() -> None:
    log = log_of()
    item = np.concatenate([log.item, np.full((USERS, 1), "", object)], axis=1)
    longer = Exposures(
        log.user_id,
        log.time,
        log.context,
        item,
        np.pad(log.propensity, ((0, 0), (0, 1)), constant_values=1.0),
        np.pad(log.reward, ((0, 0), (0, 1))),
    )
    for name, estimate in Policy.of(longer, lists("a", "b", "c")).values().items():
        same = Policy.of(log, lists("a", "b")).values()[name]
        assert estimate.gain == pytest.approx(same.gain)
