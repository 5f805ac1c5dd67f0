"""Slices of requests that are large enough to say something, and their absolute bounds."""

from __future__ import annotations

from collections.abc import Iterator

from components.checks import Bound, Check
from components.intervals import mean_interval
from components.verdict.evaluation import Evaluation, Slice
from components.verdict.rules import SliceRules
from transform.features import TARGET_SLICES

_SLICE = "slice_"


def request_slices(evaluation: Evaluation, rows: Bound) -> Iterator[Slice]:
    """The slices that are judged.

    Slices of targets are only reported: the few who take a rare item score it lower than a common
    one for a good reason.
    """
    for of in evaluation.slices:
        of_requests = all(feature not in TARGET_SLICES for feature, _ in of)
        if of_requests and evaluation.rows(of) >= (rows.lower or 0.0):
            yield of


def slice_checks(ranker: Evaluation, lists: Evaluation, rules: SliceRules) -> Iterator[Check]:
    """One check for each slice and absolute bound."""
    for bound in rules.ranker:
        for of in request_slices(ranker, rules.rows):
            value = ranker.value(bound.name.removeprefix(_SLICE), of)
            yield bound.check(value, subject=slice_name(of))
    for bound in rules.lists:
        for of in request_slices(lists, rules.rows):
            share = lists.value(bound.name.removeprefix(_SLICE), of)
            interval = None if share is None else mean_interval(share, round(lists.rows(of)))
            yield bound.check(share, subject=slice_name(of), interval=interval)


def slice_name(of: Slice) -> str:
    """A slice as the subject of a check."""
    return ", ".join(f"{feature}={value or '(missing)'}" for feature, value in of) + ":"
