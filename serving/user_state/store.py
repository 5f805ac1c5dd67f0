"""The store of user states: what every one of them offers, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from serving.user_state.live import LiveEvent
from serving.user_state.record import Publication, UserRecord
from transform.state import Event, apply

# The record as it is to be; the same object where nothing changes. Its version does not matter.
Change = Callable[[str, UserRecord, Publication], UserRecord]


class UserStateStore(Protocol):
    """Records of users. Safe to share between threads.

    Every method raises `UserStateError` where the store does not answer or holds something else.
    """

    def read(self, user_ids: Sequence[str]) -> tuple[list[UserRecord], Publication]:
        """The records in the order asked, unknown users included, and what was published."""

    def update(self, user_ids: Sequence[str], change: Change) -> list[int]:
        """Changes records, each atomically: nobody's write is lost, and versions only grow.

        Args:
            user_ids: Users, each once.
            change: Gives the new record for a user; it may be called again where another writer
                came first.

        Returns:
            The version of each record now.
        """

    def append(self, live: Mapping[str, Sequence[LiveEvent]]) -> dict[str, int]:
        """Adds live events to records, without reading them; see `serving.user_state.live`.

        Args:
            live: User -> events. One that was appended before is folded once.

        Returns:
            Live events of each user that are yet to be folded: every read folds them, until
            `settle` writes what came out.
        """

    def users_with_live(self, count: int) -> list[str]:
        """Some of the users with live events that are yet to be folded, at most so many."""

    def item_counts(self, day: int) -> dict[tuple[str, str], int]:
        """Live events of a day (since 1970) by type and item, as far as they are settled."""

    def erase(self, user_id: str) -> None:
        """Forgets a user: state, features and live events."""

    def publish(self, publication: Publication) -> None:
        """Replaces what was published."""

    def close(self) -> None:
        """Closes the connection."""


def settle(store: UserStateStore, user_ids: Sequence[str]) -> None:
    """Writes the states of users with their live events folded, and counts these by item.

    Raises:
        UserStateError: The store does not answer. Settling again is harmless.
    """
    # Another object, so that it is written; of who was erased meanwhile there is nothing to write.
    store.update(user_ids, lambda _, record, __: record._replace() if record.version else record)


def record_event(store: UserStateStore, user_id: str, event: Event) -> int:
    """Applies a live event to a user's state.

    Args:
        store: The store.
        user_id: The user; one that is unknown begins here.
        event: What happened. Its categories are counted where a window is by one.

    Returns:
        The version of the state that holds the event.

    Raises:
        UserStateError: The store does not answer. Whether it holds the event is then unknown.
    """

    def applied(_: str, record: UserRecord, publication: Publication) -> UserRecord:
        return record._replace(state=apply(record.state, event, publication.settings))

    return store.update([user_id], applied)[0]
