"""From what is known of a user to the query: the snapshot of the fold, and the context."""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from serving.query import FeatureValue, Query
from serving.user_state.record import Publication, UserRecord
from transform.state import snapshot

History = tuple[Sequence[str], Sequence[str], Sequence[int]]


def user_query(
    user_id: str,
    record: UserRecord,
    publication: Publication,
    at: int,
    context: Mapping[str, FeatureValue] | None = None,
    exclude: Sequence[str] = (),
) -> Query:
    """The query of a user at a moment.

    Args:
        user_id: The user.
        record: What is known of the user.
        publication: How the state was folded, and the values of the shop.
        at: Unix seconds. Later events are left out, so that a replay of the past cannot see what
            came after.
        context: Features of the request; they win over the user's of the same name.
        exclude: Items that must not be recommended.
    """
    shown = snapshot(record.state, at, settings=publication.settings)
    features = {**record.features, **publication.shop_values, **shown["values"], **(context or {})}
    return Query(
        user_id=user_id,
        request_time=at,
        history_item_id=tuple(shown["history_item_id"]),
        history_event_type=tuple(shown["history_event_type"]),
        history_time=tuple(shown["history_time"]),
        exclude_item_id=tuple(exclude),
        features=features,
        category_values=shown["category_values"],
    )


def columns_query(
    user_id: str, history: History, record: UserRecord, publication: Publication, at: int
) -> Query:
    """The same, from a history in columns: for many users, whose events need not be made.

    Args:
        user_id: The user.
        history: Items, types and times of the behaviour, oldest first.
        record: What else is known of the user; its state without events.
        publication: As for `user_query`.
        at: Unix seconds.
    """
    rest = user_query(user_id, record, publication, at)
    items, types, times = history
    past = bisect_right(times, at)
    return dataclasses.replace(
        rest,
        history_item_id=tuple(items[:past]),
        history_event_type=tuple(types[:past]),
        history_time=tuple(times[:past]),
    )
