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


@pytest.mark.parametrize(
    ("interval", "passed"),
    [((0.3, 0.49), False), ((0.3, 0.5), True), ((0.9, 1.2), True), ((0.91, 1.2), False)],
)
def test_with_an_interval_only_what_lies_wholly_outside_fails(
    interval: tuple[float, float], passed: bool
) -> None:
    check = BOUND.check(sum(interval) / 2, interval=interval)
    assert check.passed is passed
    assert f"95 % interval {interval[0]:.4g} to {interval[1]:.4g}" in check.sentence


def test_an_end_that_is_no_number_fails() -> None:
    check = BOUND.check(0.7, interval=(math.nan, 0.8))
    assert not check.passed
    assert "was not measured" in check.sentence


def test_a_note_stands_beside_the_value() -> None:
    check = BOUND.check(0.7, interval=(0.6, 0.8)).model_copy(update={"note": "40 tests"})
    assert check.sentence == (
        "pass: auc is 0.7 (95 % interval 0.6 to 0.8; 40 tests); "
        "it must be at least 0.5 and at most 0.9, noise allowed for."
    )


def test_checks_survive_the_file(tmp_path: Path) -> None:
    checks = [
        BOUND.check(0.7),
        BOUND.check(math.nan),
        BOUND.check(0.7, interval=(0.6, 0.8)),
        Bound(name="free").check(3.0),
    ]
    write_checks(tmp_path / "checks.json", checks)
    assert read_checks(tmp_path / "checks.json") == checks
