"""What a schedule does next, from what lies there and what its diary says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from pipeline.data_window import day_or_span
from pipeline.scheduling.diary import DONE, Entry, What
from pipeline.scheduling.spans import Span, number_of

ATTEMPTS = 3  # runs of one span that may break off before it is given up


class Act(StrEnum):
    """What is to be done with a span."""

    TRAIN = "train"
    WATCH = "watch"


@dataclass(frozen=True)
class Plan:
    """What was asked of a schedule.

    Attributes:
        every_s: Least time from the beginning of one training to the next, seconds; of those that
            ended with a model.
        drift: Share of the bound of a drift from which on a training does not wait for that time;
            None where drift is not looked at.
        catch_up: Whether every span that was missed gets a run of its own, in order; `every_s` is 0
            then.
        settle_s: How long a day must have been over, and the files of a span unchanged, seconds.
        retry_s: Time from a run that broke off, or was refused, to the next attempt, seconds.
    """

    every_s: float
    drift: float | None
    catch_up: bool
    settle_s: float
    retry_s: float


@dataclass(frozen=True)
class Due:
    """One thing to do.

    Attributes:
        act: What.
        span: The last span of its data.
        why: What called for it.
    """

    act: Act
    span: Span
    why: str


def next_due(spans: Sequence[Span], entries: Sequence[Entry], plan: Plan, now: float) -> Due | None:
    """What is to be done now; None where everything waits.

    A span on which a training ended, with a pushed model or a withheld one, is never trained on
    again, and neither is an earlier one. Of several that are new the latest counts, whose window
    holds the others too, unless the plan is to catch up. Where it was given up, the next one is
    waited for: an earlier one would put an older model in the place of a newer.

    Args:
        spans: Complete spans, oldest first.
        entries: The diary.
        plan: What was asked.
        now: Unix seconds.
    """
    done = [number_of(day_or_span(e.span)) for e in entries if e.what in DONE]
    latest = max(done, default=None)
    fresh = [span for span in spans if latest is None or number_of(span) > latest]
    left = [span for span in fresh if not is_given_up(span, entries)]
    catching_up = plan.catch_up and latest is not None
    if not left or not (catching_up or left[-1] == fresh[-1]):
        return None
    missed = catching_up and len(left) > 1
    span = left[0] if missed else left[-1]
    mine = _of(span, entries)
    if mine and _ended_badly(mine[-1]) and now < mine[-1].time + plan.retry_s:
        return None
    if why := _why_now(mine, entries, plan, now, missed=missed):
        return Due(Act.TRAIN, span, why)
    if plan.drift is not None and What.WATCHED not in {entry.what for entry in mine}:
        return Due(Act.WATCH, span, "the span is new")
    return None


def is_given_up(span: Span, entries: Sequence[Entry]) -> bool:
    """Whether so many runs of a span broke off that none follows."""
    return len(broken_off(span, entries)) >= ATTEMPTS


def broken_off(span: Span, entries: Sequence[Entry]) -> list[Entry]:
    """The ends of the runs of a span that broke off, oldest first.

    Where a run has no end, the schedule was killed, by this very run for all it knows: its
    beginning stands for the end. No run is under way when this is asked.
    """
    mine = [entry for entry in _of(span, entries) if entry.what is not What.GIVEN_UP]
    followed = zip_longest(mine, mine[1:])
    return [
        entry
        for entry, then in followed
        if entry.what is What.FAILED
        or (entry.what is What.STARTED and (then is None or then.what is What.STARTED))
    ]


def _ended_badly(last: Entry) -> bool:
    """Whether a span's last entry calls for a pause before the next attempt."""
    return last.what in (What.STARTED, What.FAILED, What.REFUSED)


def _of(span: Span, entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.span == str(span)]


def _productive_starts(entries: Sequence[Entry]) -> list[float]:
    """When the trainings began that ended with a model, pushed or withheld."""
    began: dict[str, float] = {}
    starts = []
    for entry in entries:
        if entry.what is What.STARTED:
            began[entry.span] = entry.time
        elif entry.what in DONE and entry.span in began:
            starts.append(began.pop(entry.span))
    return starts


def _why_now(
    mine: Sequence[Entry], entries: Sequence[Entry], plan: Plan, now: float, *, missed: bool
) -> str:
    """Why a span is trained on now; empty where it waits."""
    if any(entry.what is What.STARTED for entry in mine):
        return _again(mine[-1].what)
    started = _productive_starts(entries)
    if not started:
        return "the first span"
    if missed:
        return "the span was missed"
    if now >= started[-1] + plan.every_s:
        return "the time has come"
    watched = [entry for entry in mine if entry.what is What.WATCHED]
    if watched and plan.drift is not None and (watched[-1].drift or 0.0) >= plan.drift:
        return f"the data have drifted: {watched[-1].why}"
    return ""


def _again(ended: What) -> str:
    how = "was killed" if ended is What.STARTED else f"ended as {ended}"
    return f"again, since the run before {how}"
