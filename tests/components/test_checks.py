"""Tests of bounds, checks and their sentences."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from components.checks import Bound, read_checks, write_checks

BOUND = Bound(name="auc", lower=0.5, upper=0.9, why="too good to be true")


@pytest.mark.parametrize(
    ("value", "passed"),
    [(0.5, True), (0.9, True), (0.7, True), (0.49, False), (0.91, False)],
)
def test_both_ends_are_inclusive(value: float, passed: bool) -> None:
    assert BOUND.check(value).passed is passed


@pytest.mark.parametrize("value", [None, math.nan])
def test_what_was_not_measured_fails(value: float | None) -> None:
    check = BOUND.check(value)
    assert not check.passed
    assert "was not measured" in check.sentence


def test_a_sentence_says_value_bound_outcome_and_reason() -> None:
    failed = BOUND.check(0.95, subject="composed").sentence
    assert failed == (
        "FAIL: composed auc is 0.95; it must be at least 0.5 and at most 0.9 (too good to be true)."
    )
    assert BOUND.check(0.7).sentence == "pass: auc is 0.7; it must be at least 0.5 and at most 0.9."


def test_checks_survive_the_file(tmp_path: Path) -> None:
    checks = [BOUND.check(0.7), BOUND.check(math.nan), Bound(name="free").check(3.0)]
    write_checks(tmp_path / "checks.json", checks)
    assert read_checks(tmp_path / "checks.json") == checks
