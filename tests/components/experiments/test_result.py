"""From a log to findings: stopped readings, slices and duels."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from components.experiments.comparison import Finding
from components.experiments.duel import duel
from components.experiments.result import analyse
from components.experiments.slices import slices
from tests.components.experiments.logs import (
    did,
    log_of,
    log_of_duels,
    log_of_users,
    seeded,
    shown,
)
from tests.components.experiments.simulated import BEGIN, LATER, design, end, simulated


def test_a_log_of_a_better_arm_says_so():
    users = simulated(seeded(2), 3_000, 3, lift=0.5)
    attributes = pl.DataFrame({"user_id": users.user_id, "country": ["de", "fr"] * 1_500})
    result = analyse(log_of_users(users), attributes, design(), interleaved=False, now=LATER)
    assert result.readable
    assert result.findings == {"new": Finding.BETTER}
    assert sum(arm.users for arm in result.arms) == 3_000
    assert {(one.feature, one.value) for one in result.slices} == {
        *(("before", "active"), ("before", "new or idle")),
        *(("country", "de"), ("country", "fr")),
    }


def test_lost_users_stop_the_reading():
    users = simulated(seeded(2), 3_000, 3, lift=0.5)
    kept = users.chosen((users.arm == 0) | (seeded(3).random(3_000) < 0.8))
    result = analyse(log_of_users(kept), None, design(), interleaved=False, now=LATER)
    assert not result.readable
    assert not result.ratio.holds
    assert result.comparisons == result.slices == ()
    assert result.findings == {}


def test_users_in_two_arms_stop_the_reading():
    users = simulated(seeded(2), 1_000, 1)
    torn = [one for n in range(20) for one in shown(str(n), end(1), "trial=old")]
    torn += [one for n in range(20) for one in shown(str(n), end(1), "trial=new", request="s")]
    log = pl.concat([log_of_users(users), log_of(torn)])
    result = analyse(log, None, design(), interleaved=False, now=LATER)
    assert (result.torn, result.ratio.holds, result.readable) == (20, True, False)


def test_an_empty_log_tells_nothing():
    result = analyse(log_of(did("ann", BEGIN, "e")), None, design(), interleaved=False, now=LATER)
    assert result.readable
    assert result.findings == {"new": Finding.OPEN}
    assert analyse(log_of(), None, design(), interleaved=False, now=LATER).until == 0


COUNTRIES = pl.Enum([f"c{n:02}" for n in range(20)])


def of_countries(seed, effect):
    """Users of 20 countries; the arm acts in the first alone."""
    rng = seeded(seed)
    users = simulated(rng, 12_000, 2)
    country = rng.integers(0, 20, 12_000)
    more = rng.poisson(effect, 12_000) * ((country == 0) & (users.arm == 1))
    column = pl.Series([f"c{n:02}" for n in country], dtype=COUNTRIES)
    return dataclasses.replace(users, outcome=users.outcome + more), {"country": column}


def test_the_slice_on_which_the_arm_acts_is_found():
    users, attributes = of_countries(1, 1.0)
    found = slices(users, attributes, design(), end(2))
    assert [one.value for one in found if one.finding is not Finding.OPEN] == ["c00"]


def test_among_many_slices_without_an_effect_few_experiments_name_one():
    named = unadjusted = 0
    for seed in range(40):
        users, attributes = of_countries(seed, 0.0)
        found = slices(users, attributes, design(), end(2))
        named += any(one.finding is not Finding.OPEN for one in found)
        # The control: 1.96 standard errors for each slice, as if it were the only one.
        unadjusted += any(abs(one.look.difference) > _error(one) * 1.96 for one in found)
    assert named <= 2
    assert unadjusted > 20


def test_a_slice_is_judged_alike_however_many_others_have_enough_users_yet():
    users, attributes = of_countries(1, 1.0)
    country = attributes["country"].cast(pl.String).to_numpy()
    late = country > "c09"
    # The same log before the users of half of the countries came.
    early = users.chosen(~late)
    told = {"country": attributes["country"].filter(~pl.Series(late))}
    now = {one.value: one for one in slices(users, attributes, design(), end(2))}
    before = {one.value: one for one in slices(early, told, design(), end(2))}
    assert "c19" in now
    assert "c19" not in before
    assert now["c00"] == before["c00"]


def test_one_event_that_is_dated_ahead_ends_nobody_s_time():
    users = simulated(seeded(2), 1_000, 1)
    ahead = log_of(did("ann", end(500), "ahead"))
    log, now = log_of_users(users), end(1) - 86_400
    with_it = analyse(pl.concat([log, ahead]), None, design(), interleaved=False, now=now)
    assert with_it.until == now
    assert with_it.comparisons[0].look is None  # of no user the time is over
    assert analyse(log, None, design(), interleaved=False, now=LATER).until < LATER


def _error(one):
    """The standard error, from the interval at the level of 22 slices."""
    from components.experiments.sequences import mixing, radius

    plan = design()
    rho2 = mixing(plan.alpha, plan.planned_users)
    width = radius(1.0, one.look.users, plan.alpha / 22, rho2)
    return (one.look.upper - one.look.lower) / 2 / width


def duelling(**changes):
    return design(name="duel", **changes)


def test_a_duel_finds_the_better_arm_with_few_users():
    log = log_of_duels(seeded(1), 3_000, 1.5, BEGIN)
    found = analyse(log, None, duelling(), interleaved=True, now=LATER)
    assert found.findings == {"new": Finding.BETTER}
    assert found.duel.users == 3_000
    assert found.duel.credits[1] > found.duel.credits[0]
    assert analyse(
        log_of_duels(seeded(1), 50, 9.0, BEGIN), None, duelling(), interleaved=True, now=LATER
    ).findings == {"new": Finding.OPEN}


def test_a_duel_of_equals_is_hardly_ever_decided():
    decided = 0
    for seed in range(40):
        log = log_of_duels(seeded(seed), 400, 1.0, BEGIN)
        one = duel(log, duelling(), BEGIN + 3 * 86_400)
        decided += any(look.finding is not Finding.OPEN for look in one.days.values())
    assert decided <= 5


def test_an_outcome_is_credited_once_and_to_the_list_it_names():
    second = ("ann", "b", BEGIN, "impression", "r#1", "r", "duel=new")
    log = log_of(
        [*shown("ann", BEGIN, "duel=old", items=("a",)), second],
        did("ann", BEGIN + 1, "e1", item="b", request="r"),
        did("ann", BEGIN + 2, "e2", item="b", request="r"),
        did("ann", BEGIN + 3, "e3", item="a", request="elsewhere"),
        did("ann", BEGIN + 3, "e4", item="a"),
        did("ann", BEGIN + 2 * 86_400, "e5", item="a", request="r"),
    )
    assert duel(log, duelling(), end(1)).credits == (0, 1)


def test_a_user_whose_time_is_over_collects_no_more_credits():
    log = log_of(
        shown("ann", BEGIN, "duel=old", request="first"),
        did("ann", BEGIN + 1, "e1", request="first"),
        shown("ann", BEGIN + 43_200, "duel=new", request="second"),
        did("ann", BEGIN + 43_201, "e2", request="second"),
        did("ann", BEGIN + 90_000, "e3", item="b", request="second"),  # within a day of its list
        shown("ann", BEGIN + 86_400, "duel=new", request="third"),
        did("ann", BEGIN + 86_401, "e4", request="third"),
    )
    assert duel(log, duelling(outcome_days=1), end(9)).credits == (1, 1)


def test_what_was_known_at_the_end_of_a_day_stays_so():
    rng = seeded(5)
    rows = []
    for n in range(120):
        for day in range(4):  # every user comes back, and at last takes the items of one arm
            at, request = BEGIN + day * 86_400 + n, f"r{n}-{day}"
            arm = "new" if day == 3 else str(rng.choice(["old", "new"]))
            rows += shown(f"u{n}", at, f"duel={arm}", items=("a",), request=request)
            if day == 3 or rng.random() < 0.3:
                rows += did(f"u{n}", at + 1, f"e{n}-{day}", request=request)
    log = log_of(rows)
    until = BEGIN + 2 * 86_400
    early = duel(log.filter(pl.col("event_time") <= until), duelling(outcome_days=1), until)
    late = duel(log, duelling(outcome_days=1), BEGIN + 5 * 86_400)
    assert early.days
    assert {day: late.days[day] for day in early.days} == early.days


@pytest.mark.parametrize("arms", [("old", "new"), ("new", "old")])
def test_the_first_arm_is_the_control(arms):
    users = simulated(seeded(2), 2_000, 1, lift=0.5)
    plan = design(arms=tuple((name, 1.0) for name in arms))
    [one] = analyse(log_of_users(users), None, plan, interleaved=False, now=LATER).comparisons
    assert one.arm == arms[1]
    assert np.sign(one.look.difference) == (1 if arms[1] == "new" else -1)
