"""Which events train the models, which calibrate them, and which measure them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.errors import DataError
from transform.event_log import PERIOD, Histories
from transform.features import EVENT_TIME
from transform.settings import SplitSettings

# Periods of events, in the order of time.
TRAINING, VALIDATING, EVALUATING = 0, 1, 2

# A user with fewer events than this gives none away under leave-one-out.
_MIN_EVENTS_TO_HOLD_OUT = 3


def assign_periods(histories: Histories, split: SplitSettings) -> NDArray[np.int8]:
    """The period of each event.

    `time`: two cut-offs on the time line shared by all users; events of one second are never
    divided. `leave_one_out`: each user's last event evaluates and the one before validates; a user
    with fewer than three events trains only.

    Raises:
        DataError: If the time line cannot be divided.
    """
    if split.protocol == "leave_one_out":
        return _leave_one_out(histories)
    return _by_time(histories, split)


def _leave_one_out(histories: Histories) -> NDArray[np.int8]:
    counts = np.diff(histories.offsets)
    from_end = np.repeat(histories.offsets[1:], counts) - np.arange(len(histories.events))
    holds_out = np.repeat(counts >= _MIN_EVENTS_TO_HOLD_OUT, counts)
    period = np.where(from_end == 1, EVALUATING, np.where(from_end == 2, VALIDATING, TRAINING))
    return np.where(holds_out, period, TRAINING).astype(np.int8)


def _by_time(histories: Histories, split: SplitSettings) -> NDArray[np.int8]:
    time = histories.column(EVENT_TIME)
    line = np.sort(time)
    held_out = split.eval_fraction + split.validation_fraction
    validation_from = line[int(len(line) * (1 - held_out))]
    eval_from = line[int(len(line) * (1 - split.eval_fraction))]
    if not line[0] < validation_from < eval_from:
        raise DataError(
            "The `time` protocol needs events before, inside and after two cut-offs on the time "
            f"line, but too many events share a second: {len(np.unique(line))} different times "
            f"in {len(line)} events. Set `split: {{protocol: leave_one_out}}`, or check that the "
            "column mapped to `event_time` holds the time of each event."
        )
    return np.searchsorted([validation_from, eval_from], time, side="right").astype(np.int8)


def refuse_empty_splits(histories: Histories, split: SplitSettings) -> None:
    """Refuses a log that leaves nothing to learn from or nothing to measure with.

    Raises:
        DataError: If no user has two training events, or a held-out period has no event.
    """
    period = histories.column(PERIOD)
    training = np.bincount(histories.user_of_event[period == TRAINING], minlength=1)
    lacking = [
        *(["two training events of one user"] if training.max() < 2 else []),
        *(["events to validate with"] if not (period == VALIDATING).any() else []),
        *(["events to evaluate with"] if not (period == EVALUATING).any() else []),
    ]
    if lacking:
        raise DataError(
            f"The log must hold {' and '.join(lacking)}. Received: {len(period)} events of "
            f"{len(histories.users)} users, at most {int(np.diff(histories.offsets).max())} of one "
            f"user, under `split: {{protocol: {split.protocol}}}`. Use a longer log, or another "
            "protocol (leave_one_out needs users with four events, time a time line)."
        )


@dataclass(frozen=True)
class PeriodRange:
    """Events and time range of one period (unix seconds, both ends inclusive; None when empty)."""

    events: int
    first_time: int | None
    last_time: int | None


def period_ranges(histories: Histories) -> dict[str, PeriodRange]:
    """Event count and time range of each period."""
    names = {"training": TRAINING, "validation": VALIDATING, "evaluation": EVALUATING}
    ranges = {}
    for name, period in names.items():
        times = histories.events.filter(pl.col(PERIOD) == period)[EVENT_TIME]
        first, last = times.min(), times.max()
        ranges[name] = PeriodRange(
            len(times),
            None if first is None else int(first),  # type: ignore[arg-type]
            None if last is None else int(last),  # type: ignore[arg-type]
        )
    return ranges


def targets_digest(targets: Iterable[tuple[str, str]]) -> str:
    """SHA-256 of test targets: lines `user TAB item`, sorted bytewise and joined by LF, as UTF-8.

    Published with every metric: two figures compare only where their digests agree.
    """
    lines = sorted(f"{user}\t{item}".encode() for user, item in targets)
    return hashlib.sha256(b"\n".join(lines)).hexdigest()
