"""The log as Parquet files, a folder for each day: what EventExampleGen reads.

A file appears at once and whole, and says itself up to which position of the stream it goes. So
what is in the files and what was read of the stream cannot differ, whenever the writer dies.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.durable import sync_folder
from serving.experiments.assignment import APART
from serving.query import FeatureValue
from serving.stream.messages import POSITION_BEGINS, Exposure, Message
from transform.features import (
    EVENT_ID,
    EVENT_TIME,
    EVENT_TYPE,
    ITEM_ID,
    POSITION,
    REQUEST_ID,
    USER_ID,
    Feature,
    Kind,
)

DAY_SECONDS = 86_400
_POSITIONS = b"sluice:positions"
_PREFIX, _SUFFIX = "events-", ".parquet"
_COLUMNS = {
    USER_ID: pa.string(),
    ITEM_ID: pa.string(),
    EVENT_TIME: pa.int64(),
    EVENT_TYPE: pa.string(),
    EVENT_ID: pa.string(),
    REQUEST_ID: pa.string(),
    POSITION: pa.int64(),
    "score": pa.float64(),
    "propensity": pa.float64(),
    "model_version": pa.int64(),
    "source": pa.string(),
    "arm": pa.string(),
}
_NUMBERS = {Kind.NUMBER: pa.float64(), Kind.TIME: pa.int64()}


class LogError(Exception):
    """The log cannot be written; the message says the rule, the value and what to do."""


class EventLogFiles:
    """The folder of a log. One process writes it at a time.

    `dt=<day>/events-<number>.parquet`, by the day on which the stream got the events (UTC): a day
    that is over does not change any more.

    Args:
        folder: Where the folders of the days lie; it is made where there is none.
        impression_type: The event type of the items of a list.
        context: Declared context features: each gets a column.

    Attributes:
        positions: Partition -> the last position that the files hold.

    Raises:
        LogError: Another process writes there, or a feature has the name of a column of the log.
    """

    def __init__(self, folder: Path, impression_type: str, context: Iterable[Feature]) -> None:
        self._folder = folder
        self._impression_type = impression_type
        self._context = tuple(context)
        if taken := sorted(_COLUMNS.keys() & {one.name for one in self._context}):
            raise LogError(
                "a context feature must have a name that no column of the log has; received "
                f"{', '.join(taken)}. Name it otherwise"
            )
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise LogError(
                f"a log must have one writer at a time; another process writes {folder}. Stop it, "
                "or give another folder"
            ) from error
        for draft in folder.glob(f".{_PREFIX}*"):
            draft.unlink()
        last = max(folder.glob(f"dt=*/{_PREFIX}*{_SUFFIX}"), key=_number, default=None)
        self._next = 0 if last is None else _number(last) + 1
        self.positions: dict[int, str] = {} if last is None else _positions(last)

    def write(self, day: int, messages: Sequence[Message], positions: Mapping[int, str]) -> Path:
        """Adds a file.

        Args:
            day: On which the stream got the messages, days since 1970.
            messages: At least one.
            positions: Partition -> the last position that was read of the stream.

        Returns:
            The file.
        """
        table = pa.Table.from_pylist(self._rows(messages), self._schema(positions))
        folder = self._folder / f"dt={datetime.fromtimestamp(day * DAY_SECONDS, UTC):%Y-%m-%d}"
        folder.mkdir(exist_ok=True)
        file = folder / f"{_PREFIX}{self._next:010d}{_SUFFIX}"
        draft = self._folder / f".{file.name}"
        pq.write_table(table, draft, compression="zstd")
        publish(draft, file)
        self._next += 1
        self.positions = dict(positions)
        return file

    def rows_of(self, user_id: str) -> dict[Path, int]:
        """The files that hold rows of a user, and how many."""
        found = {}
        for file in sorted(self._folder.glob(f"dt=*/{_PREFIX}*{_SUFFIX}")):
            users = pq.read_table(file, columns=[USER_ID], partitioning=None)[USER_ID]
            if rows := pc.sum(pc.equal(users, user_id)).as_py():
                found[file] = rows
        return found

    def erase(self, user_id: str) -> int:
        """Writes the files that hold rows of a user without them; gives the number of rows."""
        found = self.rows_of(user_id)
        for file in found:
            table = pq.read_table(file, partitioning=None)
            draft = self._folder / f".{file.name}"
            kept = table.filter(pc.not_equal(table[USER_ID], user_id))
            pq.write_table(kept, draft, compression="zstd")
            publish(draft, file)
        return sum(found.values())

    def close(self) -> None:
        """Lets another process write."""
        self._lock.close()

    def _schema(self, positions: Mapping[int, str]) -> pa.Schema:
        context = {one.name: _NUMBERS.get(one.kind, pa.string()) for one in self._context}
        return pa.schema(_COLUMNS | context, {_POSITIONS: json.dumps(positions).encode()})

    def _rows(self, messages: Iterable[Message]) -> list[dict[str, Any]]:
        rows = []
        for message in messages:
            common = {
                USER_ID: message.user_id,
                EVENT_TIME: message.event_time,
                REQUEST_ID: message.request_id or None,
                **{one.name: _value(message.context.get(one.name), one) for one in self._context},
            }
            if isinstance(message, Exposure):
                rows += [common | row for row in self._impressions(message)]
            else:
                own = {ITEM_ID: message.item_id, EVENT_TYPE: message.event_type}
                rows.append(common | own | {EVENT_ID: message.event_id})
        return rows

    def _impressions(self, shown: Exposure) -> Iterable[dict[str, Any]]:
        nothing = [None] * len(shown.item_ids)
        teams = shown.teams or [""] * len(shown.item_ids)
        columns = (shown.item_ids, shown.scores or nothing, shown.propensities or nothing, teams)
        for place, (item_id, score, propensity, team) in enumerate(zip(*columns, strict=True)):
            yield {
                ITEM_ID: item_id,
                EVENT_TYPE: self._impression_type,
                EVENT_ID: f"{shown.request_id}{POSITION_BEGINS}{place}",
                POSITION: place,
                "score": score,
                "propensity": propensity,
                "model_version": shown.model_version,
                "source": shown.source or None,
                "arm": APART.join(filter(None, (shown.arm, team))) or None,
            }


def publish(draft: Path, file: Path) -> None:
    """Gives a finished draft its name, durably: after a crash the file is whole, or not there."""
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.replace(file)
    for folder in (file.parent, file.parent.parent):
        sync_folder(folder)


def _number(file: Path) -> int:
    return int(file.name.removeprefix(_PREFIX).removesuffix(_SUFFIX))


def _positions(file: Path) -> dict[int, str]:
    metadata = pq.read_schema(file).metadata or {}
    if _POSITIONS not in metadata:
        raise LogError(
            f"the last file of a log must say how far it goes; {file} does not. It was written by "
            "something else: give another folder"
        )
    return {int(part): place for part, place in json.loads(metadata[_POSITIONS]).items()}


def _value(value: FeatureValue | None, feature: Feature) -> FeatureValue | None:
    """A context value as its column takes it; None where it is of another kind."""
    if value is None:
        return None
    if not feature.is_numeric:
        return str(value)
    if isinstance(value, str):
        return None
    return int(value) if feature.kind is Kind.TIME else float(value)
