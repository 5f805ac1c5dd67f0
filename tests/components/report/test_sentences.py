"""The findings in plain sentences."""

import pytest

from components.checks import Bound
from components.report import sentences
from components.report.facts import CalibrationBin, Evaluation, Gate, Measured, Slice
from tests.components.report.facts_of_a_run import EMPTY, blessed, withheld


def test_a_blessed_model_names_its_version():
    assert sentences.verdict(blessed()) == (
        "Blessed: all 23 checks passed. It is served as version 3."
    )


def test_a_model_on_trial_is_not_called_served():
    text = sentences.verdict(blessed(pushed_labels=("canary",)))
    assert "is served as" not in text
    assert text.endswith(
        "It is on trial as version 3, which is `canary`; what is `stable` did not change."
    )
    both = blessed(pushed_labels=("canary", "stable"))
    assert sentences.verdict(both).endswith("It is served as version 3.")


def test_a_withheld_model_names_the_first_reason():
    assert sentences.verdict(withheld()) == (
        "Withheld: 1 of 18 checks failed. NDCG@10 is 0.0500; it must be at least 0.1 "
        "(lists are worse than those of ItemKNN)."
    )


def test_a_good_model_that_does_not_serve_is_withheld():
    slow = Bound(name="first_call_ms", upper=100, why="the first user waits").check(900.0)
    gate = Gate(name="serving", measured=True, checks=(slow,))
    text = sentences.verdict(blessed(infra_blessed=False, pushed_version=None, gates=(gate,)))
    assert text.startswith("Withheld: the model is good enough, but it did not serve as it must.")
    assert "First call is 900 ms; it must be at most 100 ms (the first user waits)." in text


def test_blessed_but_not_pushed_says_that_nothing_changed():
    text = sentences.verdict(blessed(pushed_version=None))
    assert text.endswith("It was not pushed in this run, so the served model did not change.")


def test_no_verdict_is_not_a_good_verdict():
    assert sentences.verdict(EMPTY) == "No verdict: this run did not judge a model."


def test_quality_against_the_best_baseline():
    assert sentences.quality(blessed().quality) == (
        "NDCG@10 is 0.1043, 3.1 % above the best of 4 baselines (Sequential rules, 0.1012)."
    )


def test_losing_to_a_baseline_is_said():
    own, *others = blessed().quality
    worse = own.model_copy(update={"metrics": {"ndcg_at_10": 0.06}})
    assert sentences.quality((worse, *others)) == (
        "NDCG@10 is 0.0600, better than 2 of 4 baselines but not than Sequential rules (0.1012)."
    )


def test_weak_slices_are_ranked_by_what_is_lost_and_tiny_ones_left_out():
    evaluation = Evaluation(
        name="list",
        metrics=("ndcg_at_10",),
        slices=(
            _slice("", "", 1000, 0.10),
            _slice("country", "tiny and worst", 5, 0.0),
            _slice("country", "small and bad", 50, 0.02),
            _slice("country", "large and a little below", 500, 0.08),
            _slice("country", "better", 445, 0.13),
        ),
    )
    assert sentences.weak_slices(evaluation) == [
        "country = large and a little below: NDCG@10 0.0800, 20 % below the average, "
        "over 500 requests.",
        "country = small and bad: NDCG@10 0.0200, 80 % below the average, over 50 requests.",
    ]


def _slice(feature, value, count, ndcg):
    return Slice(
        feature=feature, value=value, count=count, metrics={"ndcg_at_10": Measured(value=ndcg)}
    )


def test_rows_that_do_not_add_up_are_said():
    account = blessed().account.model_copy(update={"duplicates": 43})
    text = sentences.account(blessed(account=account))
    assert text == (
        "100,060 rows read ≠ 100,000 events + 43 duplicates + 12 dead letters. "
        "These do not add up: 5 rows are unaccounted for."
    )
    assert sentences.account(blessed()) == (
        "100,060 rows read = 100,000 events + 48 duplicates + 12 dead letters. "
        "Every row is accounted for."
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {},
            "1.2 of 5.0 MB of the log were read, from 3 partitions (dt=1997-09-20 to "
            "dt=1998-04-22). 40,000 events (40 %) are impressions.",
        ),
        (
            {"partitions": ("dt=1997-09-20",), "impressions": 0},
            "1.2 of 5.0 MB of the log were read, from the partition dt=1997-09-20.",
        ),
        ({"partitions": (), "impressions": 0}, "1.2 of 5.0 MB of the log were read."),
    ],
)
def test_how_much_was_read_is_said(change, text):
    account = blessed().account.model_copy(update=change)
    assert sentences.reading(blessed(account=account)) == text
    assert sentences.reading(EMPTY) == ""


@pytest.mark.parametrize(("factor", "side"), [(2.0, "high"), (0.5, "low")])
def test_dishonest_probabilities_are_said(factor, side):
    bins = (CalibrationBin(count=10, predicted=0.1 * factor, observed=0.1),)
    assert f"too {side} by a factor of {factor:g}" in sentences.calibration(bins)
    honest = (CalibrationBin(count=10, predicted=0.1, observed=0.1),)
    assert "factor" not in sentences.calibration(honest)
