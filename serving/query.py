"""What a client asks and what it gets, as plain values. No TensorFlow here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import pairwise

FeatureValue = str | int | float

_LATEST_SECONDS = 10**11  # the year 5138; a larger time is in milliseconds or finer


@dataclasses.dataclass(frozen=True)
class Query:
    """One request for recommendations. The field names are those of the serving signature.

    Attributes:
        user_id: The user; one that the model has never seen is an ordinary input.
        request_time: Unix seconds.
        history_item_id: Items of the user's events, oldest first.
        history_event_type: Type of each of these events.
        history_time: Time of each, unix seconds.
        exclude_item_id: Items that must not be recommended.
        features: Value of each declared query or context feature, and of each aggregate of the
            user or the shop; one left out counts as missing.
        category_values: Aggregate by category -> category -> value; one left out counts as 0.

    Raises:
        ValueError: The three history fields differ in length or are not oldest first, or a time
            is not in seconds.
    """

    user_id: str
    request_time: int
    history_item_id: tuple[str, ...] = ()
    history_event_type: tuple[str, ...] = ()
    history_time: tuple[int, ...] = ()
    exclude_item_id: tuple[str, ...] = ()
    features: Mapping[str, FeatureValue] = dataclasses.field(default_factory=dict)
    category_values: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        history = (self.history_item_id, self.history_event_type, self.history_time)
        check_history(self.user_id, *history)
        _check_seconds(self.user_id, self.request_time)


def check_history(
    user_id: str, items: Sequence[str], types: Sequence[str], times: Sequence[int]
) -> None:
    """Refuses columns that are no history.

    Raises:
        ValueError: They differ in length, are not oldest first, or have times not in seconds.
    """
    lengths = [len(items), len(types), len(times)]
    if len(set(lengths)) != 1:
        raise ValueError(
            "history_item_id, history_event_type and history_time must have one length, "
            f"received {lengths} for user {user_id!r}. Give each event all three"
        )
    if any(later < earlier for earlier, later in pairwise(times)):
        raise ValueError(
            f"a history must run from the oldest event to the newest; that of user "
            f"{user_id!r} does not. Sort it by time"
        )
    _check_seconds(user_id, *times[-1:])


def _check_seconds(user_id: str, *times: int) -> None:
    latest = max(times, default=0)
    if latest > _LATEST_SECONDS:
        raise ValueError(
            f"times must be unix seconds, received {latest} for user {user_id!r}. "
            "Divide milliseconds by 1000"
        )


@dataclasses.dataclass(frozen=True)
class Recommendation:
    """One recommended item.

    Attributes:
        item_id: The item.
        score: Calibrated probability.
        retrieval_score: Score of the retrieval that found it.
        propensity: Probability with which the model puts it at its place; None where the model does
            not explore.
    """

    item_id: str
    score: float
    retrieval_score: float
    propensity: float | None = None


@dataclasses.dataclass(frozen=True)
class SimilarItem:
    """One neighbour of an item, with its similarity."""

    item_id: str
    score: float
