"""Requests that the log itself has: what users were shown at once, and what they did with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.event_log import ITEM, PERIOD, TYPE, USER, Histories, ranges
from transform.features import EVENT_TIME, POSITION, REQUEST_ID
from transform.rows.crediting import credited_impressions
from transform.rows.random_numbers import mix
from transform.settings import ExampleSettings
from transform.splits import TRAINING

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_EVENT = "#event"
_FIRST = "#first"
_CANDIDATE = "#candidate"


@dataclass(frozen=True)
class Shown:
    """Lists that users were shown in a period, in order; R requests.

    Attributes:
        event: The first impression of each list, an index of the histories' events [R].
        counts: Items of each list [R].
        item: Item codes, list after list [sum of counts].
        label: 1 where the user did something with the item in time, else 0 [sum of counts].
        labels: The same of single event types, by name, each [sum of counts].
        probability: Share of the list's items without a deed that were kept; 1 for the others
            [sum of counts].
    """

    event: Ints
    counts: Ints
    item: Ints
    label: Floats
    labels: dict[str, Floats]
    probability: Floats


def shown_lists(
    histories: Histories,
    types: Sequence[str],
    settings: ExampleSettings,
    keys: NDArray[np.uint64],
    period: int,
) -> Shown:
    """Finds the latest lists of each user in a period.

    Impressions of a user with one `request_id`, or without one of the same second, are a list. A
    behaviour is credited to the latest impression of its item before it, in the list that it names
    by its `request_id` if the item was shown there, if that was at most `attribution_hours` earlier
    and both lie in the period.

    Args:
        histories: Events with their periods.
        types: Code -> event type.
        settings: How many lists a user, how many items a list.
        keys: Seed of each user, for lists that are too long.
        period: Number of the period.
    """
    within = np.flatnonzero(histories.column(PERIOD) == period)
    shown = _latest_lists(_impressions(histories, within), histories, settings)
    candidate, impression = shown[_CANDIDATE].to_numpy(), shown[_EVENT].to_numpy()
    credited = {
        code: candidate[np.isin(impression, some)]
        for code, some in _credited(histories, settings, within).items()
    }
    shown = shown.filter(pl.Series(impression == candidate))
    event = shown[_EVENT].to_numpy()
    label = np.isin(event, np.concatenate([*credited.values(), np.empty(0, np.int64)]))
    # The place within the user's events: the same whoever else is in the partition.
    place = (event - histories.offsets[shown[USER].to_numpy()]).astype(np.uint64)
    draw = mix(keys[shown[USER].to_numpy()], place)
    # Held-out lists stay whole: what is left out has no place, and no say in what is promised.
    size = settings.candidates if period == TRAINING else len(shown)
    probability, kept = _thin_out(shown[_FIRST], label, draw, size)
    shown, event = shown.filter(pl.Series(kept)), event[kept]
    first, counts = np.unique(shown[_FIRST].to_numpy(), return_counts=True)
    labels = {
        name: np.isin(event, credited.get(list(types).index(name), []))
        if name in types
        else np.zeros(len(event), np.bool_)
        for name in settings.labels
    }
    return Shown(
        first,
        counts,
        shown[ITEM].to_numpy().astype(np.int64),
        label[kept].astype(np.float64),
        {name: values.astype(np.float64) for name, values in labels.items()},
        probability[kept],
    )


def _impressions(histories: Histories, within: Ints) -> pl.DataFrame:
    """Impressions among these events with the first of their list, list after list.

    A list has the order in which it was shown, as far as the log tells. The first impression of an
    item in a list stands for the others as the candidate: what is done with any is done with it.
    """
    event = within[~histories.is_behaviour[within]]
    rows = histories.events[event]
    same = [USER, EVENT_TIME]
    if REQUEST_ID in rows.columns:
        # Impressions that no request claims belong together by their time.
        free = pl.when(pl.col(REQUEST_ID).is_null()).then(pl.col(EVENT_TIME))
        rows = rows.with_columns(free.alias(EVENT_TIME))
        same = [USER, REQUEST_ID, EVENT_TIME]
    place = [POSITION] if POSITION in rows.columns else []
    return (
        rows.select(ITEM, *same[1:], *place, pl.Series(USER, histories.user_of_event[event]))
        .with_columns(pl.Series(_EVENT, event))
        .with_columns(pl.col(_EVENT).min().over(same).alias(_FIRST))
        # Ids of impressions, which break ties of their time, may have any order.
        .sort(_FIRST, *place, _EVENT, nulls_last=True)
        .with_columns(pl.col(_EVENT).first().over(_FIRST, ITEM).alias(_CANDIDATE))
        .select(_FIRST, _EVENT, _CANDIDATE, ITEM, USER)
    )


def _latest_lists(
    shown: pl.DataFrame, histories: Histories, settings: ExampleSettings
) -> pl.DataFrame:
    """The latest lists of each user, of own events."""
    lists = shown.unique(_FIRST, keep="first", maintain_order=True).select(_FIRST, USER)
    latest = lists.group_by(USER, maintain_order=True).tail(settings.ranking_rows_per_user)
    own = latest.filter(pl.Series(histories.owns(latest[_FIRST].to_numpy())))
    return shown.filter(pl.col(_FIRST).is_in(own[_FIRST].implode()))


def _credited(histories: Histories, settings: ExampleSettings, within: Ints) -> dict[int, Ints]:
    """Event type code -> impressions among these events that a behaviour of it is credited to."""
    request = None
    if REQUEST_ID in histories.events.columns:
        codes = histories.events[REQUEST_ID].gather(within).rank("dense").fill_null(0)
        request = codes.to_numpy().astype(np.int64)
    place = credited_impressions(
        [histories.column(ITEM)[within], histories.user_of_event[within]],
        request,
        histories.column(EVENT_TIME)[within],
        ~histories.is_behaviour[within],
        settings.attribution_hours * 3600,
    )
    found = place >= 0
    kind = histories.column(TYPE)[within[found]]
    impression = within[place[found]]
    return {int(code): np.unique(impression[kind == code]) for code in np.unique(kind)}


def _thin_out(
    lists: pl.Series, positive: NDArray[np.bool_], draw: NDArray[np.uint64], size: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Draws from the items without a deed where a list is too long.

    Returns:
        The probability that each item is kept, and whether it is.
    """
    _, row, counts = np.unique(lists.to_numpy(), return_inverse=True, return_counts=True)
    deeds = np.bincount(row, positive, len(counts)).astype(np.int64)
    wanted = np.maximum(size - deeds, 0)
    probability = np.minimum(1.0, wanted / np.maximum(counts - deeds, 1))[row]
    order = np.lexsort((draw, positive, row))
    rank = np.empty(len(row), np.int64)
    rank[order] = ranges(np.zeros_like(counts), counts)
    return np.where(positive, 1.0, probability), positive | (rank < wanted[row])
