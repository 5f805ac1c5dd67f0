"""Who gets which arm: even, independent between layers, and steady while an experiment grows."""

import dataclasses
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare, kstest

from serving.experiments.assignment import assign, place
from serving.experiments.plan import Arm, Experiment, Plan

USERS = [f"user-{n}" for n in range(20_000)]
HALVES = (Arm("old"), Arm("new", label="canary"))
RANKER = Experiment("ranker", "model", (0.0, 1.0), HALVES)
LAYOUT = Experiment(
    "layout", "page", (0.0, 1.0), (Arm("narrow", 1.0), Arm("wide", 3.0, parameters={"columns": 5}))
)
# The ids are fixed, so these chances are too: no test fails by bad luck.
LEVEL = 0.001


def arms(plan, users=USERS):
    return [dict(assign(plan, user).arms) for user in users]


def counted(plan, name):
    return Counter(found.get(name) for found in arms(plan))


def test_places_are_even_for_ids_of_any_kind():
    for ids in (USERS, [str(n) for n in range(20_000)], [f"{n:08x}@shop" for n in range(20_000)]):
        places = [place("arm ranker", user) for user in ids]
        assert kstest(places, "uniform").pvalue > LEVEL


def test_arms_have_their_shares():
    found = counted(Plan((LAYOUT,)), "layout")
    assert chisquare([found["narrow"], found["wide"]], [5_000, 15_000]).pvalue > LEVEL


def test_layers_are_independent():
    both = Counter((found["ranker"], found["layout"]) for found in arms(Plan((RANKER, LAYOUT))))
    table = [[both[old, wide] for wide in ("narrow", "wide")] for old in ("old", "new")]
    assert chi2_contingency(table).pvalue > LEVEL


def test_the_check_of_independence_finds_a_shared_salt():
    """Arms by the same place in both layers would go together."""
    halves = np.array([place("same", user) < 0.5 for user in USERS])
    quarter = np.array([place("same", user) < 0.25 for user in USERS])
    table = [[np.sum((halves == a) & (quarter == b)) for b in (0, 1)] for a in (0, 1)]
    assert chi2_contingency(np.array(table) + 1).pvalue < LEVEL


def test_the_next_experiment_on_the_same_users_deals_anew():
    again = dataclasses.replace(RANKER, name="ranker-2")
    pairs = Counter(
        (one["ranker"], other["ranker-2"])
        for one, other in zip(arms(Plan((RANKER,))), arms(Plan((again,))), strict=True)
    )
    table = [[pairs[a, b] for b in ("old", "new")] for a in ("old", "new")]
    assert chi2_contingency(table).pvalue > LEVEL


def test_experiments_of_a_layer_have_no_user_in_common():
    first = dataclasses.replace(RANKER, users=(0.0, 0.3))
    second = dataclasses.replace(RANKER, name="other", users=(0.3, 0.6))
    found = arms(Plan((first, second)))
    assert all(len(one) <= 1 for one in found)
    numbers = Counter(next(iter(one), None) for one in found)
    assert (
        chisquare(
            [numbers["ranker"], numbers["other"], numbers[None]], [6_000, 6_000, 8_000]
        ).pvalue
        > LEVEL
    )


@given(st.text(), st.floats(0.01, 0.9), st.floats(0, 0.1))
def test_one_that_grows_moves_nobody(user, end, more):
    small = Plan((dataclasses.replace(RANKER, users=(0.0, end)),))
    large = Plan((dataclasses.replace(RANKER, users=(0.0, end + more)),))
    before, after = assign(small, user), assign(large, user)
    assert before.arms in ({}, after.arms)


def test_a_stop_empties_the_experiment():
    assert set(counted(Plan((dataclasses.replace(RANKER, stopped=True),)), "ranker")) == {None}


def test_what_the_arms_of_all_layers_want_is_put_together():
    found = [assign(Plan((RANKER, LAYOUT)), user) for user in USERS[:200]]
    assert {(one.label, one.arms["ranker"]) for one in found} == {("", "old"), ("canary", "new")}
    for one in found:
        assert one.parameters == ({"columns": 5} if one.arms["layout"] == "wide" else {})
        assert dict(told.split("=") for told in one.text.split(";")) == one.arms
    assert assign(Plan(), "ann").text == ""


def test_an_assignment_is_the_same_in_every_process_and_release():
    """Values of a fixed hash: a change of it would move every user of every experiment."""
    found = [place("arm ranker", user) for user in ("ann", "bob", "日")]
    assert found == pytest.approx([0.175836, 0.386985, 0.932328], abs=1e-6)


def test_assigning_takes_microseconds():
    plan = Plan((RANKER, LAYOUT))
    began = time.process_time()
    for user in USERS:
        assign(plan, user)
    assert (time.process_time() - began) / len(USERS) < 1e-3  # tens of microseconds
