"""The states that the pipeline published, into a store that goes on with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from serving.user_state.record import Publication, UserRecord
from serving.user_state.store import UserStateStore
from serving.user_store import UserStore
from transform.state import FoldSettings, UserState
from transform.windows import reach

POPULAR_SECONDS = 28 * 86_400
POPULAR_ITEMS = 1000
_USERS_A_WRITE = 1000


@dataclasses.dataclass(frozen=True)
class Imported:
    """What came of an import.

    Attributes:
        users: Users of the publication.
        written: Records that changed.
        ahead: Users whose stored state is kept.
    """

    users: int
    written: int
    ahead: int


def import_states(path: Path, store: UserStateStore) -> Imported:
    """Brings published states into a store; run it after each run of the pipeline.

    A stored state that holds later events than the published one is kept: it has seen those of the
    log too, by the same fold. So is one that the stream feeds: the log is made of the stream, and
    what the state lacks of it is still to come. What the publication holds of the time before its
    first event is put before it: a user whose first live event came before the first import has
    not got that. Where the windows have changed since, only its history is kept, as its counts are
    of other windows; they then lack what came after the end of the log. The users' features are
    always the published ones. Users of whom nothing was published stay. An import that was cut
    short is made good by the next one.

    Args:
        path: The published Parquet file, or folder of files.
        store: The store; it may serve meanwhile.

    Raises:
        UserStoreError: The file is not one of user states.
        UserStateError: The store does not answer.
    """
    published = UserStore.open(path)
    popular = popular_items(path, POPULAR_SECONDS, POPULAR_ITEMS)
    publication = dataclasses.replace(published.publication, popular_item_id=popular)
    before = store.read([])[1].settings
    same_windows = before.windows == publication.settings.windows
    users = written = ahead = 0
    for records in published.records(_USERS_A_WRITE):
        batch = _Batch(records, publication.settings, same_windows)
        store.update(list(records), batch.change)
        users += len(records)
        written += len(batch.written)
        ahead += len(batch.ahead)
    # Last, so that an import cut short still knows which windows the stored counts are of.
    store.publish(publication)
    return Imported(users, written, ahead)


class _Batch:
    """Published records on their way into the store, and what became of them."""

    def __init__(
        self, records: Mapping[str, UserRecord], settings: FoldSettings, same_windows: bool
    ) -> None:
        self._records = records
        self._settings = settings
        self._same_windows = same_windows
        self.written: set[str] = set()
        self.ahead: set[str] = set()

    def change(self, user_id: str, stored: UserRecord, _: Publication) -> UserRecord:
        """The record to store; called again where another writer came first."""
        published = self._records[user_id]
        state = published.state
        if stored.ledger or is_ahead(stored.state, state):
            self.ahead.add(user_id)
            known = with_past(stored.state, state, self._settings)
            state = known if self._same_windows else state._replace(events=known.events)
        same = (stored.state, stored.features) == (state, published.features)
        if same and stored.version:
            return stored
        self.written.add(user_id)
        return published._replace(state=state, ledger=stored.ledger)


def with_past(known: UserState, published: UserState, settings: FoldSettings) -> UserState:
    """A state, and before its first event what only the publication holds.

    Args:
        known: The stored state.
        published: What the log shows of the user.
        settings: What a state keeps.
    """
    begin = known.events[0].event_time if known.events else None
    past = (one for one in published.events if begin is None or one.event_time < begin)
    events = (*past, *known.events)
    if settings.max_history is not None:
        events = events[max(0, len(events) - settings.max_history) :]
    tiles = {}
    for hop, hops in reach(settings.windows).items():
        own = known.tiles.get(hop, ())
        old = (t for t in published.tiles.get(hop, ()) if not own or t.number < own[0].number)
        both = (*old, *own)
        if both:
            tiles[hop] = tuple(tile for tile in both if tile.number >= both[-1].number - hops)
    return UserState(events, tiles)


def popular_items(path: Path, seconds: int, count: int) -> tuple[str, ...]:
    """Items by the number of users who had them of late, most first.

    Args:
        path: Published states.
        seconds: How far back from the last event.
        count: Items to give at most.
    """
    events = (
        pl.scan_parquet(path)
        .select("user_id", item="history_item_id", time="history_time")
        .explode("item", "time")
        .drop_nulls("item")
    )
    recent = events.filter(pl.col("time") > pl.col("time").max() - seconds)
    users = recent.group_by("item").agg(users=pl.col("user_id").n_unique())
    top = users.sort("users", "item", descending=[True, False]).head(count).collect()
    return tuple(top["item"])


def is_ahead(state: UserState, other: UserState) -> bool:
    """True where a state holds events later than any of another."""
    latest, others = _latest(state), _latest(other)
    return any(time > others.get(what, time - 1) for what, time in latest.items())


def _latest(state: UserState) -> dict[int, int]:
    """Time of the last behaviour under 0, and for each hop the number of its last tile."""
    latest = {hop: tiles[-1].number for hop, tiles in state.tiles.items() if tiles}
    if state.events:
        latest[0] = state.events[-1].event_time
    return latest
