"""What the columns of the log are that not every log has, and what its event types say."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import polars as pl

from pipeline.starter.names import find, snake_case
from pipeline.starter.sample import Sample
from transform.errors import DataError
from transform.reading.event_formats import positions
from transform.reading.values import id_column
from transform.state import DEFAULT_EVENT_TYPE

_MOST_EVENT_TYPES = 100
_MOST_LABELS = 8
# What logs call the event that an item was shown.
_IMPRESSIONS = (
    *("impression", "impressions", "imp", "item_impression", "view_impression", "exposure"),
    *("exposed", "shown", "show", "display", "displayed"),
)


@dataclasses.dataclass(frozen=True)
class EventTypes:
    """The types of a log's events.

    Attributes:
        column: Where they stand; None where all events count alike.
        impression: The type of what was shown; None where the log does not have it.
        labels: The other types, the most frequent first.
    """

    column: str | None = None
    impression: str | None = None
    labels: tuple[str, ...] = ()

    @property
    def usual(self) -> str:
        """The most frequent of the types that are no impressions."""
        return self.labels[0] if self.labels else DEFAULT_EVENT_TYPE


def event_types(sample: Sample, names: list[str], chosen: Mapping[str, str]) -> EventTypes:
    """Finds the event types among some columns of the log."""
    column = chosen.get("event_type") or find("event_type", names)
    if column is None or sample.frame[column].n_unique() > _MOST_EVENT_TYPES:
        return EventTypes()
    found = sample.frame[column].cast(pl.String).drop_nulls().value_counts(sort=True)[column]
    shown = [kind for kind in found if snake_case(kind) in _IMPRESSIONS]
    others = tuple(kind for kind in found if kind not in shown)
    return EventTypes(column, shown[0] if shown else None, others[:_MOST_LABELS])


def optional_columns(
    sample: Sample, names: list[str], chosen: Mapping[str, str], types: EventTypes
) -> dict[str, str]:
    """Our name -> the log's, of the columns that name events and lists of impressions."""
    wanted = ["event_id", *(["request_id", "position"] if types.impression else [])]
    columns = {}
    for ours in wanted:
        column = chosen.get(ours) or find(ours, names)
        if column is not None and (ours in chosen or _fits(ours, sample.frame[column])):
            columns[ours] = column
    return columns


def _fits(ours: str, values: pl.Series) -> bool:
    given = values.drop_nulls()
    if not len(given):
        return False
    if ours == "position":
        is_number = given.dtype.is_numeric() or given.dtype == pl.String
        return is_number and positions(given).count() == len(given)
    try:
        ids, _ = id_column(given, ours)
    except DataError:
        return False
    return ours == "request_id" or ids.n_unique() == len(values)
