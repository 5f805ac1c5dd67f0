"""Which events train the models, which calibrate them, and which measure them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.errors import DataError
from transform.event_log import PERIOD, Histories
from transform.features import EVENT_TIME, ITEM_ID, SHOWN, USER_ID
from transform.settings import ExampleSettings, SplitSettings

Ints = NDArray[np.int64]

# Periods of events, in the order of time.
TRAINING, VALIDATING, EVALUATING = 0, 1, 2
PERIODS = {"training": TRAINING, "validation": VALIDATING, "evaluation": EVALUATING}
_HELD_OUT = ("validation", "evaluation")

_LINES_AT_ONCE = 1 << 16

# A user with fewer events than this gives none away under leave-one-out.
_MIN_EVENTS_TO_HOLD_OUT = 3


@dataclass(frozen=True)
class CutOffs:
    """Where the time line is cut (unix seconds); each period begins with its second.

    Attributes:
        validation_from: First second of the validation period.
        eval_from: First second of the evaluation period.
    """

    validation_from: int
    eval_from: int


def cut_places(events: int, split: SplitSettings) -> tuple[int, int]:
    """Places, among all behaviours in order of time, of the first ones to validate and evaluate."""
    held_out = split.eval_fraction + split.validation_fraction
    return int(events * (1 - held_out)), int(events * (1 - split.eval_fraction))


def cut_hours(hours: Mapping[int, int], split: SplitSettings) -> frozenset[int]:
    """The hours in which the time line is cut.

    Args:
        hours: Hour since 1970 -> behaviours in it.
        split: The shares of the periods.
    """
    line = sorted(hours)
    reached = np.cumsum([hours[hour] for hour in line])
    places = np.searchsorted(reached, cut_places(sum(hours.values()), split), side="right")
    return frozenset(line[place] for place in places if place < len(line))


def find_cut_offs(times: Ints, counts: Ints, split: SplitSettings) -> CutOffs:
    """Cuts the time line that all users share; behaviours of one second are never divided.

    Args:
        times: Different times, ascending (unix seconds).
        counts: Behaviours at each of them.
        split: The shares of the periods.

    Raises:
        DataError: If the time line cannot be divided.
    """
    reached = np.cumsum(counts)
    events = int(reached[-1]) if len(reached) else 0
    if events:
        places = np.searchsorted(reached, cut_places(events, split), side="right")
        validation_from, eval_from = (int(time) for time in times[places])
        if times[0] < validation_from < eval_from:
            return CutOffs(validation_from, eval_from)
    raise DataError(
        "The `time` protocol needs events before, inside and after two cut-offs on the time line, "
        f"but too many events share a second. Received: {events} events from "
        f"{times.min(initial=2**62)} to {times.max(initial=0)} (unix seconds). Set `split: "
        "{protocol: leave_one_out}`, or check that the column mapped to `event_time` holds the "
        "time of each event."
    )


def assign_periods(
    histories: Histories, split: SplitSettings, cut_offs: CutOffs | None = None
) -> NDArray[np.int8]:
    """The period of each event.

    `time`: two cut-offs on the time line shared by all users. `leave_one_out`: each user's last
    behaviour evaluates and the one before validates; a user with fewer than three trains only. An
    impression belongs to the period of the behaviour that follows it.

    Args:
        histories: The events.
        split: How they are divided.
        cut_offs: Of the `time` protocol; by default found in these histories.

    Raises:
        DataError: If the time line cannot be divided.
    """
    if split.protocol == "leave_one_out":
        return _leave_one_out(histories)
    if cut_offs is None:
        line = histories.column(EVENT_TIME)[histories.is_behaviour]
        cut_offs = find_cut_offs(*np.unique_counts(line), split)
    bounds = [cut_offs.validation_from, cut_offs.eval_from]
    return np.searchsorted(bounds, histories.column(EVENT_TIME), side="right").astype(np.int8)


def _leave_one_out(histories: Histories) -> NDArray[np.int8]:
    behaviour = histories.is_behaviour
    user = histories.user_of_event
    counts = np.bincount(user[behaviour], minlength=len(histories.users))
    reached = np.cumsum(behaviour)
    # Of the behaviours from here on, an impression included in the one that follows it.
    from_end = np.cumsum(counts)[user] - reached + behaviour
    period = np.where(from_end <= 1, EVALUATING, np.where(from_end == 2, VALIDATING, TRAINING))
    holds_out = counts[user] >= _MIN_EVENTS_TO_HOLD_OUT
    return np.where(holds_out, period, TRAINING).astype(np.int8)


def held_out_events(histories: Histories, split: SplitSettings, period: int) -> Ints:
    """Indices of the own behaviours that are asked for: each user's first ones of the period.

    Args:
        histories: Events with their periods.
        split: Which behaviours may be asked for, and how many of a user.
        period: Number of the period.

    Returns:
        Places among the behaviours of the histories.
    """
    behaviours = histories.behaviours
    may_be = behaviours.column(PERIOD) == period
    if split.held_out == "unprompted":
        may_be &= ~histories.is_answer[histories.is_behaviour]
    request = np.flatnonzero(may_be)
    user = behaviours.user_of_event[request]
    nth = np.arange(len(request)) - np.searchsorted(user, user)
    return request[(nth < split.max_rows_per_user) & behaviours.owns(request)]


@dataclass(frozen=True)
class PeriodRange:
    """Events and time range of one period (unix seconds, both ends inclusive; None when empty)."""

    events: int
    first_time: int | None
    last_time: int | None

    @classmethod
    def of(cls, times: pl.Series) -> PeriodRange:
        """The range of some events."""
        first, last = times.min(), times.max()
        return cls(
            len(times),
            None if first is None else int(first),  # type: ignore[arg-type]
            None if last is None else int(last),  # type: ignore[arg-type]
        )

    @classmethod
    def merge(cls, parts: Sequence[PeriodRange]) -> PeriodRange:
        """The range of the events of all parts."""
        first = [part.first_time for part in parts if part.first_time is not None]
        last = [part.last_time for part in parts if part.last_time is not None]
        return cls(
            sum(part.events for part in parts), min(first, default=None), max(last, default=None)
        )


@dataclass(frozen=True)
class PeriodSummary:
    """What the periods of some users hold.

    Attributes:
        ranges: The behaviours of each period, by its name.
        asked: Those of the held-out periods that are asked for, by the same names.
        users: Users.
        most: Behaviours of the user with most.
        most_training: Training behaviours of the user with most.
    """

    ranges: dict[str, PeriodRange]
    asked: dict[str, int]
    users: int
    most: int
    most_training: int

    @classmethod
    def of(cls, histories: Histories, split: SplitSettings) -> PeriodSummary:
        """Looks at the own behaviours of histories whose periods are assigned."""
        behaviours = histories.behaviours
        period = behaviours.column(PERIOD)
        user = behaviours.user_of_event
        own = behaviours.owns(np.arange(len(period)))
        return cls(
            {
                name: PeriodRange.of(
                    behaviours.events[EVENT_TIME].filter(pl.Series(own & (period == number)))
                )
                for name, number in PERIODS.items()
            },
            {name: len(held_out_events(histories, split, PERIODS[name])) for name in _HELD_OUT},
            int(histories.own_users.sum()),
            int(np.bincount(user, minlength=1).max()),
            int(np.bincount(user[period == TRAINING], minlength=1).max()),
        )

    @classmethod
    def merge(cls, parts: Sequence[PeriodSummary]) -> PeriodSummary:
        """The summary of different users together."""
        return cls(
            {name: PeriodRange.merge([part.ranges[name] for part in parts]) for name in PERIODS},
            {name: sum(part.asked[name] for part in parts) for name in _HELD_OUT},
            sum(part.users for part in parts),
            max(part.most for part in parts),
            max(part.most_training for part in parts),
        )


def refuse_empty_splits(found: PeriodSummary, split: SplitSettings) -> None:
    """Refuses a log that leaves nothing to learn from or nothing to measure with.

    Raises:
        DataError: If no user has two training events, or of a held-out period nothing is asked for.
    """
    lacking = [
        *(["two training events of one user"] if found.most_training < 2 else []),
        *(["events to validate with"] if not found.asked["validation"] else []),
        *(["events to evaluate with"] if not found.asked["evaluation"] else []),
    ]
    if lacking:
        events = sum(period.events for period in found.ranges.values())
        raise DataError(
            f"The log must hold {' and '.join(lacking)}. Received: {events} events of "
            f"{found.users} users, at most {found.most} of one user, under `split: {{protocol: "
            f"{split.protocol}, held_out: {split.held_out}}}`. Use a longer log, or another "
            "protocol (leave_one_out needs users with four events, time a time line; held_out: "
            "unprompted needs behaviours that answer no list)."
        )


def refuse_unknown_answers(split: SplitSettings, lacking: Sequence[str]) -> None:
    """Refuses a log that does not tell what answers a list, where the split goes by that.

    Args:
        split: How events are divided.
        lacking: What the log lacks of that by which it tells.

    Raises:
        DataError: It lacks anything, and what answers a list may not be asked for.
    """
    if split.held_out == "unprompted" and lacking:
        raise DataError(
            "`split: {held_out: unprompted}` needs a log that says which lists users were shown, "
            "and which of them a behaviour answers. Received: events without "
            f"{' and '.join(lacking)}. Map the column (`data.events.columns`) or name the type "
            "(`examples.impression_type`), or leave `held_out` out."
        )


def refuse_unshown(rows: Mapping[str, int]) -> None:
    """Refuses a log that shows no lists in a held-out period, where scores are fitted to such.

    Args:
        rows: Split -> its rows.

    Raises:
        DataError: A split of shown lists has none.
    """
    shown = {split: rows[split] for split in SHOWN.values() if split in rows}
    if not all(shown.values()):
        raise _unshown(", ".join(f"{count} in {split}" for split, count in shown.items()))


def refuse_unknown_impressions(examples: ExampleSettings, impression: int) -> None:
    """The same of a log that shows nothing at all, before any row is made of it.

    Args:
        examples: How rows are made.
        impression: Code of the event type of impressions; -1 where the log has no such.

    Raises:
        DataError: Lists that were shown are to be rows of held-out periods, and there are none.
    """
    if examples.shown_held_out and impression < 0:
        raise _unshown(f"no event of the type `{examples.impression_type}`")


def _unshown(found: str) -> DataError:
    return DataError(
        "`recommender: {calibration: shown}` needs lists that users were shown in both held-out "
        f"periods. Received: {found}. Name the type of impressions (`examples.impression_type`), "
        "use a longer log, or leave `calibration` out."
    )


def targets_digest(targets: pl.DataFrame) -> str:
    """SHA-256 of test targets: lines `user TAB item`, sorted bytewise and joined by LF, as UTF-8.

    Published with every metric: two figures compare only where their digests agree.

    Args:
        targets: `user_id`, `item_id` of each target.
    """
    lines = targets.select(line=pl.concat_str(USER_ID, ITEM_ID, separator="\t")).sort("line")
    digest = hashlib.sha256()
    for number, some in enumerate(lines.iter_slices(_LINES_AT_ONCE)):
        digest.update(b"\n" * (number > 0) + "\n".join(some["line"]).encode())
    return digest.hexdigest()
