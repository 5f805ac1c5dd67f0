"""Models of a shop where users return to what they had, held against each other as the gate does.

The truth about such a shop is known here, so it must not lose to a model that promises too much.
"""

import numpy as np
import pytest

from components.verdict.evaluation import OVERALL, Evaluation
from components.verdict.gains import overall_gains
from pipeline.gates import RANKER_GAINS
from tests.transform.logs import LEAVE_ONE_OUT, frame
from trainer.metrics.paired_bootstrap import user_group
from trainer.metrics.paired_scores import Sums, request_sums, score_gains
from transform.event_log import EventLog
from transform.rows.build import build_rows
from transform.rows.shop import Shop
from transform.settings import ExampleSettings
from transform.splits import assign_periods

USERS, EVENTS, ITEMS, RETURNS = 400, 12, 40, 0.7


@pytest.fixture(scope="module")
def log():
    """With a chance, a user's next item is one of those before; otherwise it is any item."""
    rng = np.random.default_rng(4)
    rows = []
    for user in range(USERS):
        had = []
        for time in range(EVENTS):
            returns = had and rng.random() < RETURNS
            item = rng.choice(sorted(set(had))) if returns else rng.integers(ITEMS)
            had.append(int(item))
            rows.append((f"u{user}", f"i{item:02d}", 1000 * user + time))
    log = EventLog.of(frame(rows))
    return log.with_period(assign_periods(log.histories, LEAVE_ONE_OUT))


def held_out(log, *, repeats):
    examples = ExampleSettings(candidates=12, repeats=repeats)
    shop = Shop.close(log, (), LEAVE_ONE_OUT, examples, seed=3)
    return build_rows(log.histories, shop)["eval"].to_pylist()


def truth(row):
    """The chance of each candidate to be what follows."""
    had = set(row["history_item_id"])
    again = np.array([item in had for item in row["candidate_item_id"]])
    return RETURNS * again / len(had) + (1 - RETURNS) / ITEMS


def calibration_check(rows, candidate, blessed):
    """The gate's check of one model against another, each a multiple of the truth."""
    groups = {}
    for row in rows:
        p, group = truth(row), user_group(row["user_id"][0])
        sums = request_sums(row["label"], candidate * p, blessed * p, row["candidate_probability"])
        earlier = groups.get(group, Sums())
        groups[group] = Sums(*(a + b for a, b in zip(earlier, sums, strict=True)))
    gains = {name: {OVERALL: gain} for name, gain in score_gains(groups).items()}
    evaluation = Evaluation(blessed={name: {OVERALL: 1.0} for name in gains}, gains=gains)
    (check,) = [c for c in overall_gains(evaluation, RANKER_GAINS) if "calibration" in c.name]
    return check


def promised_over_taken(rows):
    promised = sum((truth(row) / row["candidate_probability"]).sum() for row in rows)
    return promised / len(rows)


def test_the_truth_is_calibrated_where_what_users_had_counts_on_both_sides(log):
    assert promised_over_taken(held_out(log, repeats=True)) == pytest.approx(1, abs=0.05)
    # Otherwise a return counts as taken, but hardly as promised.
    assert promised_over_taken(held_out(log, repeats=False)) < 0.6


def test_the_truth_takes_the_place_of_a_model_that_promises_too_much(log):
    assert calibration_check(held_out(log, repeats=True), candidate=1.0, blessed=1.3).passed
    assert not calibration_check(held_out(log, repeats=False), candidate=1.0, blessed=1.3).passed


@pytest.mark.parametrize("candidate", [0.7, 1.3])
def test_a_model_that_is_worse_calibrated_does_not_take_the_place_of_the_truth(log, candidate):
    check = calibration_check(held_out(log, repeats=True), candidate, blessed=1.0)
    # The log strays from its truth by up to 0.05, which moves both models' distances from it.
    assert check.value == pytest.approx(-abs(np.log(candidate)), abs=2 * 0.05)
    assert not check.passed
