"""The Open Bandit log: two policies served one shop side by side, and each tells of the other.

A fashion shop showed three items at a time, drawn uniformly (Random) or by Bernoulli Thompson
Sampling (BTS), users going to one or the other at random in the same week. What Random would earn
is estimated from the log of BTS, and the other way round, and held against what each did earn.

Source: Saito, Aihara, Matsutani and Narita, Open Bandit Dataset and Pipeline, NeurIPS 2021.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.ope.environment import sample_folder
from benchmarks.results import Row
from components.off_policy.estimators import Predicted, Terms, doubly_robust, ips, snips
from components.off_policy.logged import Floats, Logged
from components.off_policy.rewards import item_rates
from components.off_policy.value import NoOverlapError, overlap, value
from components.off_policy.weights import independent
from simulation.arrays import Ints
from trainer.metrics.paired_bootstrap import Gain

CAMPAIGNS = ("all", "men", "women")
_PLACES = 3
_PER = 1000.0  # clicks are given for so many impressions
_WITHIN = 1.96  # standard errors of a difference


@dataclass(frozen=True)
class Impressions:
    """The log of one policy in one campaign.

    Attributes:
        item: Item of each impression [N].
        place: Its place, from 0 [N].
        click: 1 where it was clicked [N].
        propensity: Probability that the policy showed that item there [N].
    """

    item: Ints
    place: Ints
    click: Floats
    propensity: Floats


def open_bandit() -> list[Row]:
    """Both directions in each campaign."""
    folder = sample_folder()
    rows: list[Row] = []
    for campaign in CAMPAIGNS:
        random, bts = (read(folder, policy, campaign) for policy in ("random", "bts"))
        items = 1 + int(max(random.item.max(), bts.item.max()))
        uniform = np.full((_PLACES, items), 1.0 / items)
        rows += compared(f"{campaign}: Random from the log of BTS", bts, uniform, random)
        rows += compared(f"{campaign}: BTS from the log of Random", random, shares(bts, items), bts)
    return rows


def read(folder: Path, policy: str, campaign: str) -> Impressions:
    """Reads one log of the sample."""
    table = pl.read_csv(folder / policy / campaign / f"{campaign}.csv")
    return Impressions(
        table["item_id"].to_numpy(),
        table["position"].to_numpy() - 1,
        table["click"].to_numpy().astype(np.float64),
        table["propensity_score"].to_numpy(),
    )


def shares(log: Impressions, items: int) -> Floats:
    """How often a policy showed each item at each place [places, items].

    BTS learned during the week, and what it would have done at the moment of a row of the other log
    is not known. What it did on average is: it looks at no context, so that its value is that of
    the shares, as long as the items' click rates stay what they are.
    """
    shown = np.zeros((_PLACES, items))
    np.add.at(shown, (log.place, log.item), 1.0)
    share: Floats = shown / shown.sum(axis=1, keepdims=True)
    return share


def compared(name: str, log: Impressions, policy: Floats, own: Impressions) -> Iterator[Row]:
    """Estimates of a policy from the log of another, against its own log.

    Args:
        name: What is estimated.
        log: The log of the other policy.
        policy: Probability of each item at each place [places, items].
        own: The policy's own log.
    """
    earned = _on_policy(own)
    user = np.arange(len(log.item))  # the sample does not say whose an impression is
    for estimator, terms in _terms(log, policy):
        measure = f"{name}, {estimator}"
        reached = {"effective impressions": overlap(terms, user).users}
        try:
            found = value(terms, user)
        except NoOverlapError:
            yield Row(f"{measure}: refused", None, "clicks per 1,000", peers=reached)
        else:
            yield judged(measure, found, earned, reached)


def judged(measure: str, found: Gain, earned: Gain, more: dict[str, float]) -> Row:
    """One estimate against what was earned; both have noise, and each its own."""
    noise = math.hypot(found.error, earned.error)
    peers = {
        "lower": _PER * found.lower,
        "upper": _PER * found.upper,
        "on-policy": _PER * earned.value,
        "on-policy lower": _PER * earned.lower,
        "on-policy upper": _PER * earned.upper,
        **more,
    }
    agrees = abs(found.value - earned.value) <= _WITHIN * noise
    bar = f"on-policy +- {_PER * _WITHIN * noise:.1f}"
    return Row(measure, _PER * found.value, "clicks per 1,000", bar, agrees, peers)


def _on_policy(log: Impressions) -> Gain:
    click = log.click[:, np.newaxis]
    return value(ips(np.ones_like(click), click), np.arange(len(click)))


def _terms(log: Impressions, policy: Floats) -> Iterator[tuple[str, Terms]]:
    user = np.arange(len(log.item))
    columns = (log.click, log.propensity, policy[log.place, log.item])
    logged = Logged(user, *(column[:, np.newaxis] for column in columns))
    weights = independent(logged)
    most = math.sqrt(len(user))  # Ionides 2008
    predicted = _predicted(log, policy)
    yield "SNIPS", snips(weights, logged.reward)
    yield "doubly robust with SWITCH", doubly_robust(weights, logged.reward, predicted, most=most)


def _predicted(log: Impressions, policy: Floats) -> Predicted:
    """What click rates of items say, each half of the rows by those of the other."""
    chosen, expected = np.empty((2, len(log.item), 1))
    half = np.arange(len(log.item)) % 2
    for number in (0, 1):
        own, other = half == number, half != number
        rate = item_rates(log.item[other], log.click[other], policy.shape[1])
        chosen[own, 0] = rate[log.item[own]]
        expected[own, 0] = (policy @ rate)[log.place[own]]
    return Predicted(chosen, expected)
