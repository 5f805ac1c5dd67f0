"""The application of the shop: it shows users lists, and tells the stream what it showed."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.closed_loop.shop import Asking, Deed
from pipeline.event_stream import StreamPlace
from serving.client import RecommenderClient
from serving.query import Recommendation
from serving.stream.compactor import Compactor
from serving.stream.consumer import Categories, Consumer
from serving.stream.exposure_log import ExposureLog
from serving.stream.queue import EventQueue
from serving.stream.sqlite_queue import SqliteQueue
from serving.user_client import UserClient
from serving.user_flows import UserList
from serving.user_state.store import UserStateStore

_ITEMS = 10
_CALLERS = 4


class Clock:
    """The time of the simulation, unix seconds."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> float:
        """The time."""
        return self.now


class Storefront:
    """Serves the users of a shop; see `storefront`.

    Attributes:
        versions: Lists shown since it was last emptied, by version of the model; 0 for none.
        categories: The categories of the items that windows count by.
    """

    def __init__(self, place: StreamPlace, queue: EventQueue, store: UserStateStore) -> None:
        self._place, self._queue, self._store = place, queue, store
        self._gathered: list[tuple[str, bytes]] = []
        self._log = ExposureLog(self)
        # Of equal times the smaller name came first.
        self._names = (f"{number:012d}" for number in itertools.count())
        self._callers = ThreadPoolExecutor(_CALLERS)
        self._shown: list[str] = []
        self.versions: Counter[int] = Counter()
        self.categories: Categories = {}

    def append(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Gathers messages until the step is over; an `EventSink`."""
        self._gathered += messages

    def show(self, asking: Sequence[Asking], client: RecommenderClient | None) -> list[list[str]]:
        """Shows lists: the model's, or the shop's own pages where no model serves yet."""
        if client is None:
            lists = [_own(one) for one in asking]
        else:
            users = UserClient(client, self._store)
            lists = list(
                self._callers.map(
                    lambda one: users.recommend(one.user_id, _ITEMS, at=one.time), asking
                )
            )
        self._shown = [
            self._log.shown(one.user_id, shown, at=one.time, request_id=f"r{next(self._names)}")
            for one, shown in zip(asking, lists, strict=True)
        ]
        self.versions.update(shown.model_version or 0 for shown in lists)
        return [[item.item_id for item in shown.items] for shown in lists]

    def tell(self, deeds: Sequence[Deed]) -> None:
        """Sends what was shown and done through the stream, into the states of the users."""
        for deed in deeds:
            self._log.happened(
                deed.user_id,
                deed.item_id,
                deed.event_type,
                request_id=self._shown[deed.asked] if deed.asked >= 0 else "",
                at=deed.time,
                event_id=f"e{next(self._names)}",
            )
        self._queue.append(self._gathered)
        self._gathered.clear()
        Consumer(self._queue, self._store, self.categories).run(until_idle=True)

    def compact(self) -> None:
        """Writes the day into the log that the pipeline reads."""
        with contextlib.closing(self._place.log(None)) as files:
            Compactor(self._queue, files).flush()

    def left(self) -> tuple[int, int]:
        """Entries of the stream that are not consumed, and those that were no events."""
        return self._queue.backlog(), len(self._queue.dead_letters())

    def close(self) -> None:
        """Ends its threads."""
        self._callers.shutdown()


@contextlib.contextmanager
def storefront(place: StreamPlace, store: UserStateStore, clock: Clock) -> Iterator[Storefront]:
    """An application with a stream of its own, in SQLite, that goes by the simulation's time."""
    place.folder.mkdir(parents=True, exist_ok=True)
    with (
        contextlib.closing(SqliteQueue(place.folder / "events.sqlite", clock)) as queue,
        contextlib.closing(Storefront(place, queue, store)) as front,
    ):
        yield front


def _own(asking: Asking) -> UserList:
    nan = float("nan")
    items = tuple(Recommendation(item, nan, nan) for item in asking.own_page)
    return UserList(items, "fallback", None, None, "no model serves yet")
