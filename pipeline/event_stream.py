"""The event stream of a pipeline: where it lies, and what its settings say of it."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from pipeline.settings import Settings
from serving.stream.consumer import Categories
from serving.stream.log_files import EventLogFiles
from serving.stream.queue import EventQueue
from serving.user_state.record import NOTHING_PUBLISHED, Publication
from serving.user_state.store import UserStateStore
from transform.aggregates import Of, aggregates_of, user_windows
from transform.features import ITEM_ID, Side
from transform.reading.sources import read_items
from transform.state import FoldSettings


@dataclasses.dataclass(frozen=True)
class StreamPlace:
    """Where the stream and the states are.

    Attributes:
        settings: Of the pipeline.
        redis: URL of a Redis server; None keeps both in SQLite files below the root.
        partitions: Parts of a stream in Redis; the same for its whole life.
    """

    settings: Settings
    redis: str | None = None
    partitions: int = 8

    @property
    def folder(self) -> Path:
        """Where the SQLite files lie."""
        return self.settings.root / "stream"

    @property
    def log_folder(self) -> Path:
        """Where the log lies unless another place is named."""
        return self.folder / "log"

    def queue(self) -> EventQueue:
        """The stream."""
        if self.redis is None:
            from serving.stream.sqlite_queue import SqliteQueue

            self.folder.mkdir(parents=True, exist_ok=True)
            return SqliteQueue(self.folder / "events.sqlite")
        from serving.stream.redis_queue import RedisQueue

        return RedisQueue(self.redis, self.settings.name, self.partitions)

    def store(self) -> UserStateStore:
        """The states. Where nothing was published yet, they are folded as the settings say."""
        store = self._store()
        if store.read([])[1] == NOTHING_PUBLISHED:
            store.publish(Publication(fold_settings(self.settings)))
        return store

    def log(self, folder: Path | None) -> EventLogFiles:
        """The log that the compactor writes."""
        context = [one for one in self.settings.features if one.side is Side.CONTEXT]
        impression = self.settings.examples.impression_type
        return EventLogFiles(folder or self.log_folder, impression, context)

    def _store(self) -> UserStateStore:
        if self.redis is None:
            from serving.user_state.sqlite_store import SqliteUserStates

            self.folder.mkdir(parents=True, exist_ok=True)
            return SqliteUserStates(self.folder / "users.sqlite")
        from serving.user_state.redis_store import RedisUserStates

        return RedisUserStates(self.redis, self.settings.name)


def fold_settings(settings: Settings) -> FoldSettings:
    """How the pipeline folds the states of users."""
    examples = settings.examples
    return FoldSettings(
        examples.max_history, user_windows(settings.aggregates), examples.impression_type
    )


def item_categories(settings: Settings) -> Categories:
    """The categories of each item that windows count by.

    Raises:
        DataError: The items table breaks a rule of the data contract.
    """
    wanted = {one.by for one in aggregates_of(settings.aggregates, Of.USER_CATEGORY)}
    features = [one for one in settings.features if one.name in wanted]
    items = (
        read_items(settings.data, settings.features, as_of=int(time.time())) if features else None
    )
    if items is None:
        return {}
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in items.select(ITEM_ID, *(one.name for one in features)).iter_rows(named=True):
        found[row[ITEM_ID]] = tuple(
            (feature.name, category)
            for feature in features
            for category in sorted(_categories(row[feature.name], feature.separator))
        )
    return found


def _categories(value: str | None, separator: str | None) -> set[str]:
    text = value or ""
    return set(text.split(separator) if separator else [text]) - {""}
