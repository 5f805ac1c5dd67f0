"""Checks in words: measured, bound, unit, and the reason where they failed."""

import pytest

from components.checks import Bound
from components.report.wording import bound, check_name, measured, noise, statement


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ({"lower": 0.05}, "at least 0.05"),
        ({"upper": 2000}, "at most 2,000"),
        ({"lower": 0.8, "upper": 1.25}, "0.8 to 1.25"),
        ({"lower": 0, "upper": 0}, "exactly 0"),
        ({}, "anything"),
    ],
)
def test_bounds(ends, text):
    assert bound(Bound(name="auc", **ends).check(1.0)) == text


def test_a_unit_moves_from_the_name_to_the_numbers():
    check = Bound(name="first_call_ms", upper=2000).check(141.25)
    assert (check_name(check.name), measured(check), bound(check)) == (
        "First call",
        "141.2 ms",
        "at most 2,000 ms",
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("user_rung=2-5: ndcg_at_10", "NDCG@10 · user_rung=2-5"),
        ("over item_knn: ndcg_at_10_lead", "NDCG@10 lead over ItemKNN"),
        (
            "over sequential_rules (reported only): ndcg_at_10_lead",
            "NDCG@10 lead over Sequential rules (reported only)",
        ),
        ("country=NL, user_rung=0: slice_auc", "AUC · country=NL, user_rung=0"),
        ("rows from the future", "Rows from the future"),
        ("distinct_list_ratio_at_10", "Distinct lists@10"),
    ],
)
def test_the_metric_comes_first_and_then_what_it_was_measured_on(name, words):
    assert check_name(name) == words


@pytest.mark.parametrize(("value", "word"), [(1.0, "yes"), (0.0, "no")])
def test_questions_are_answered_with_yes_or_no(value, word):
    check = Bound(name="cold_start_full", lower=1.0).check(value)
    assert (measured(check), bound(check)) == (word, "yes")


def test_an_evaluators_own_verdict_is_an_answer():
    check = Bound(name="blessed by ListEvaluator", lower=1).check(0.0)
    assert (check_name(check.name), measured(check)) == ("Blessed by ListEvaluator", "no")


def test_a_share_is_in_per_cent():
    check = Bound(name="described_share", lower=0.5).check(0.998, subject="items")
    assert check_name(check.name) == "Described by their table · items"
    assert (measured(check), bound(check)) == ("99.8 %", "at least 50 %")


def test_a_change_is_a_signed_share():
    check = Bound(name="ndcg_at_10_gain", lower=-0.1).check(-0.034)
    assert (measured(check), bound(check)) == ("-3.4 %", "at least -10 %")


def test_only_a_failed_check_gives_its_reason():
    rule = Bound(name="auc", lower=0.7, why="it guesses")
    assert statement(rule.check(0.6)) == "AUC is 0.6000; it must be at least 0.7 (it guesses)."
    assert statement(rule.check(0.8)) == "AUC is 0.8000; it must be at least 0.7."
    assert statement(rule.check(None)).startswith("AUC was not measured; it must be at least 0.7")


def test_noise_is_told_and_named_where_a_value_passes_by_it_alone():
    rule = Bound(name="ndcg_at_10_gain", lower=-0.01)
    clear = rule.check(0.02, interval=(-0.01, 0.05))
    assert noise(clear) == "95 %: -1 % to +5 %"
    assert noise(rule.check(-0.02, interval=(-0.05, 0.01))).endswith(", within noise")
    assert noise(rule.check(-0.05, interval=(-0.07, -0.03))) == "95 %: -7 % to -3 %"
    assert noise(rule.check(-0.02)) == ""
    assert "(95 %: -1 % to +5 %)" in statement(clear)
