"""Checks in words: measured, bound, unit, and the reason where they failed."""

import pytest

from components.checks import Bound
from components.report.wording import bound, check_name, measured, statement


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ({"lower": 0.05}, "at least 0.05"),
        ({"upper": 2000}, "at most 2,000"),
        ({"lower": 0.8, "upper": 1.25}, "0.8 to 1.25"),
        ({"lower": 0, "upper": 0}, "exactly 0"),
        ({}, "free"),
    ],
)
def test_bounds(ends, text):
    assert bound(Bound(name="auc", **ends).check(1.0)) == text


def test_a_unit_moves_from_the_name_to_the_numbers():
    check = Bound(name="first_call_ms", upper=2000).check(141.25)
    assert (check_name(check.name), measured(check), bound(check)) == (
        "first call",
        "141.2 ms",
        "at most 2,000 ms",
    )


def test_a_slice_keeps_its_own_spelling():
    assert check_name("user_rung=2-5 ndcg_at_10") == "user_rung=2-5 NDCG@10"


def test_only_a_failed_check_gives_its_reason():
    rule = Bound(name="auc", lower=0.7, why="it guesses")
    assert statement(rule.check(0.6)) == "AUC is 0.6000; it must be at least 0.7 (it guesses)."
    assert statement(rule.check(0.8)) == "AUC is 0.8000; it must be at least 0.7."
    assert statement(rule.check(None)).startswith("AUC was not measured; it must be at least 0.7")
