"""What the application tells the stream: which list it showed, and what the user did with it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence

from serving.query import FeatureValue
from serving.stream.messages import Exposure, Outcome, to_bytes
from serving.stream.queue import EventSink
from serving.user_flows import UserList


class ExposureLog:
    """Writes exposures and outcomes. Safe to share between threads.

    What was shown is known to the application alone: it may show the first five of twenty items, or
    none. So it says itself, once it has shown them. The calls block; with asyncio they belong into
    a thread.

    Args:
        sink: The stream. Where it does not answer, the methods raise `QueueError`: whether it has
            the message is then unknown, and calling again with the same id is harmless.
    """

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink

    def shown(
        self,
        user_id: str,
        shown: UserList,
        *,
        context: Mapping[str, FeatureValue] | None = None,
        propensities: Sequence[float] | None = None,
        at: int | None = None,
        request_id: str | None = None,
    ) -> str:
        """Logs a list that a user was shown.

        Args:
            user_id: The user.
            shown: The list, as `UserClient.recommend` gave it, without what was not shown.
            context: Features of the request.
            propensities: Probability with which each item was to be shown there; empty where nobody
                knows. None takes those of the model: they are of the places in its answer, so the
                items shown must be the first of it, in its order.
            at: When, unix seconds; None for now.
            request_id: Names the list; None makes a new name.

        Returns:
            The name, for the outcomes.
        """
        name = request_id or new_id()
        scores = tuple(item.score for item in shown.items) if shown.source == "model" else ()
        teams = tuple(shown.teams.get(item.item_id, "") for item in shown.items)
        message = Exposure(
            name,
            user_id,
            int(time.time()) if at is None else at,
            tuple(item.item_id for item in shown.items),
            scores,
            _of_model(shown) if propensities is None else tuple(propensities),
            shown.model_version,
            shown.source,
            shown.arm,
            context or {},
            teams if any(teams) else (),
        )
        if shown.items:
            self._sink.append([(user_id, to_bytes(message))])
        return name

    def happened(
        self,
        user_id: str,
        item_id: str,
        event_type: str,
        *,
        request_id: str = "",
        context: Mapping[str, FeatureValue] | None = None,
        at: int | None = None,
        event_id: str | None = None,
    ) -> str:
        """Logs something that a user did.

        Args:
            user_id: The user.
            item_id: The item.
            event_type: What was done.
            request_id: The list in which the item was shown; "" where there was none.
            context: Context features of the event.
            at: When, unix seconds; None for now.
            event_id: Names the event; None makes a new name.

        Returns:
            The name of the event.
        """
        name = event_id or new_id()
        when = int(time.time()) if at is None else at
        event = Outcome(name, user_id, item_id, event_type, when, request_id, context or {})
        self._sink.append([(user_id, to_bytes(event))])
        return name


def _of_model(shown: UserList) -> tuple[float, ...]:
    """Probabilities that the model gave; none where it does not explore, and for a fallback.

    Nor for a list that was drafted from two: its items are not at the places that were drawn.
    """
    if shown.teams:
        return ()
    known = [item.propensity for item in shown.items if item.propensity is not None]
    return tuple(known) if len(known) == len(shown.items) else ()


def new_id() -> str:
    """A new name, later ones being greater: the time in milliseconds, then chance."""
    return f"{time.time_ns() // 1_000_000:012x}{uuid.uuid4().hex[:12]}"
