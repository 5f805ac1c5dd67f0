"""How often the truth lies within the interval, over many simulated logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from benchmarks.ope.shop import Drawn, Shop
from benchmarks.ope.sizes import Sizes
from benchmarks.results import Row, at_least, at_most
from components.off_policy.estimators import Predicted, doubly_robust, ips, snips
from components.off_policy.logged import Floats
from components.off_policy.rewards import item_rates
from components.off_policy.value import NoOverlapError, lead, value
from components.off_policy.weights import independent, sequential
from trainer.metrics.paired_bootstrap import Gain

CONTROL = "control: the mean of the log, taken for the value"
UNKNOWN = "control: a policy that does in half of the cases what the log never does"
_CHAIN = 3  # places that are weighted with those above them
_OF_100 = 90.0  # logs in which the interval must hold the truth


class Estimate(NamedTuple):
    """What was estimated from one log, and what is true on its requests."""

    gain: Gain
    truth: float


def simulated(sizes: Sizes) -> list[Row]:
    """Draws the logs, and counts."""
    shop = Shop(sizes.users, sizes.items)
    found: dict[str, list[Estimate]] = defaultdict(list)
    refused = 0
    for seed in range(sizes.logs):
        drawn = shop.draw(sizes.sessions, seed)
        for name, estimate in estimates(drawn):
            found[name].append(estimate)
        refused += is_refused(drawn)
    return rows_of(found, refused)


def estimates(drawn: Drawn) -> Iterator[tuple[str, Estimate]]:
    """The estimates from one log, by name."""
    log, user = drawn.by_place, drawn.by_place.user
    weights = independent(log)
    normalised = snips(weights, log.reward)
    as_it_is = ips(np.ones_like(weights), log.reward)
    robust = doubly_robust(weights, log.reward, _predicted(drawn))
    first = ips(weights[:, :1], log.reward[:, :1])
    # The product of ten weights is too uneven for so short a log: `value` refuses it.
    chain = snips(sequential(drawn.given_above)[:, :_CHAIN], log.reward[:, :_CHAIN])
    of_places = drawn.truth.mean(axis=0)
    truth, of_log = of_places.sum(), drawn.truth_of_log.mean(axis=0).sum()
    yield "IPS, the first place alone", Estimate(value(first, user), of_places[0])
    yield "IPS, places by themselves", Estimate(value(ips(weights, log.reward), user), truth)
    yield "SNIPS, places by themselves", Estimate(value(normalised, user), truth)
    yield "doubly robust, places by themselves", Estimate(value(robust, user), truth)
    above = Estimate(value(chain, user), of_places[:_CHAIN].sum())
    yield f"SNIPS, the first {_CHAIN} places, each with those above", above
    ahead = Estimate(lead(normalised, as_it_is, user), truth - of_log)
    yield "SNIPS, lead over the log's policy", ahead
    yield CONTROL, Estimate(value(as_it_is, user), truth)


def is_refused(drawn: Drawn) -> bool:
    """Whether no value is named of a policy that shows, in half of the cases, other items."""
    log = replace(drawn.by_place, target=drawn.by_place.target / 2)
    try:
        value(snips(independent(log), log.reward), log.user)
    except NoOverlapError:
        return True
    return False


def rows_of(found: Mapping[str, Sequence[Estimate]], refused: int) -> list[Row]:
    """Counts; the truth is the mean over the requests of all logs.

    Args:
        found: Estimator -> what came of it in each log.
        refused: Logs in which no value was named of a policy that they do not know.
    """
    rows = []
    for name, ones in found.items():
        truth = float(np.mean([one.truth for one in ones]))
        gains = [one.gain for one in ones]
        held = 100.0 * float(np.mean([gain.lower <= truth <= gain.upper for gain in gains]))
        peers = {
            "truth": truth,
            "mean estimate": float(np.mean([gain.value for gain in gains])),
            "mean width of the interval": float(np.mean([g.upper - g.lower for g in gains])),
        }
        bar, limit = (at_most, _OF_100 / 2) if name == CONTROL else (at_least, _OF_100)
        rows.append(bar(f"truth within the interval: {name}", held, "of 100 logs", limit, peers))
    logs = len(next(iter(found.values())))
    rows.append(at_least(f"refused: {UNKNOWN}", 100.0 * refused / logs, "of 100 logs", 100.0))
    return rows


def _predicted(drawn: Drawn) -> Predicted:
    """What click rates of items and places say, each half of the users by those of the other."""
    log = drawn.by_place
    items = int(max(page.items.max() for _, page, _ in drawn.asked)) + 1
    chosen, expected = np.empty_like(log.reward), np.empty_like(log.reward)
    for half in (0, 1):
        own = log.user % 2 == half
        rate = item_rates(drawn.item[~own], log.reward[~own], items)
        of_place: Floats = log.reward[~own].mean(axis=0) / log.reward[~own].mean()
        chosen[own] = rate[drawn.item[own]] * of_place
        expected[own] = (drawn.expected(rate) * of_place)[own]
    return Predicted(chosen, expected)
