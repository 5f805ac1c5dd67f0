"""The datasets in one piece, as the stages of the job read them in parts: small logs only."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from transform.features import EVENT_ID, EVENT_TIME, EVENT_TYPE, ITEM_ID, ORDER, USER_ID, Feature
from transform.reading.event_source import REASON, EventReader, refuse_unusable
from transform.reading.sources import read_items, read_users
from transform.settings import DataSettings


@dataclass(frozen=True)
class Events:
    """The whole log in one frame.

    Attributes:
        frame: As in EventPart without `order`, in input order, every event once.
        rows: Rows in the files: events + duplicates + dead letters.
        duplicates: Rows that repeat user, item, time and type of an earlier one.
        dead_letters: See EventPart.
    """

    frame: pl.DataFrame
    rows: int
    duplicates: int
    dead_letters: pl.DataFrame


def read_events(data: DataSettings, features: Sequence[Feature], *, now: float) -> Events:
    """Reads and checks the whole event log; see EventReader.

    Raises:
        DataError: If it breaks a rule of the data contract.
    """
    reader = EventReader.open(data, features, now=now)
    parts = [part for chunk in reader.chunks for part in reader.read(chunk)]
    rows, dead_rows = sum(part.rows for part in parts), sum(len(part.dead) for part in parts)
    dead = pl.concat([part.dead for part in parts]) if parts else pl.DataFrame()
    reasons = dict(dead[REASON].value_counts().iter_rows()) if dead_rows else {}
    refuse_unusable(rows, reasons, dead)
    kept = pl.concat([part.frame for part in parts])
    names = [EVENT_ID] if EVENT_ID in kept.columns else [USER_ID, ITEM_ID, EVENT_TIME, EVENT_TYPE]
    frame = kept.unique(names, keep="first", maintain_order=True)
    return Events(frame.drop(ORDER), rows, len(kept) - len(frame), dead)


@dataclass(frozen=True)
class Data:
    """The three datasets, normalised.

    Attributes:
        events: The log.
        items: `item_id` and candidate features, an item once; None without an items table.
        users: `user_id` and query features, a user once; None without a users table.
    """

    events: Events
    items: pl.DataFrame | None = None
    users: pl.DataFrame | None = None


def read_data(
    data: DataSettings, features: Iterable[Feature] = (), *, now: float | None = None
) -> Data:
    """Reads and checks all datasets.

    Args:
        data: Where they lie.
        features: Declared features.
        now: The present in unix seconds, which future-dated events are held against; by default
            the time of the call.

    Raises:
        DataError: If a dataset breaks a rule of the data contract.
    """
    declared = list(features)
    return Data(
        read_events(data, declared, now=time.time() if now is None else now),
        items=read_items(data, declared),
        users=read_users(data, declared),
    )
