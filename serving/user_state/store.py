"""The store of user states: what every one of them offers, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

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

    def publish(self, publication: Publication) -> None:
        """Replaces what was published."""

    def close(self) -> None:
        """Closes the connection."""


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
