"""What is written to the stream: lists that users were shown, and what they did.

A message is one JSON object. Ids are text; times are unix seconds. Nothing but the standard library
is needed to write one.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from serving.query import FeatureValue

SHOWN = "shown"
HAPPENED = "happened"
# Names the impressions of a list after it: `<request_id>#<position>`.
POSITION_BEGINS = "#"


@dataclasses.dataclass(frozen=True)
class Exposure:
    """A list that a user was shown.

    Attributes:
        request_id: Names the list among the user's; the same list sent twice counts once.
        user_id: The user.
        event_time: When it was shown.
        item_ids: The items, from the top; the position of an item is its place, from 0.
        scores: The model's probability of each; empty where nobody knows them.
        propensities: Probability with which each was to be shown there; empty where nobody knows.
        model_version: Version of the model that answered; None for a fallback.
        source: Who made the list: `model`, `fallback`, or the application's own name.
        arm: The arms of experiments that the user is in; "" for none.
        context: Features of the request.
        teams: The arm whose list each item was drafted from, where lists are interleaved; empty
            otherwise.
    """

    request_id: str
    user_id: str
    event_time: int
    item_ids: tuple[str, ...]
    scores: tuple[float, ...] = ()
    propensities: tuple[float, ...] = ()
    model_version: int | None = None
    source: str = ""
    arm: str = ""
    context: Mapping[str, FeatureValue] = dataclasses.field(default_factory=dict)
    teams: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Something that a user did.

    Attributes:
        event_id: Names it among the user's events; the same event sent twice counts once, and of
            events of the same second the one with the smaller name came first.
        user_id: The user.
        item_id: The item.
        event_type: What was done (view, click, purchase, ...).
        event_time: When.
        request_id: The list in which the item was shown; "" where there was none.
        context: Context features of the event.
    """

    event_id: str
    user_id: str
    item_id: str
    event_type: str
    event_time: int
    request_id: str = ""
    context: Mapping[str, FeatureValue] = dataclasses.field(default_factory=dict)


Message = Exposure | Outcome
_KINDS: dict[type[Message], str] = {Exposure: SHOWN, Outcome: HAPPENED}


def to_bytes(message: Message) -> bytes:
    """The message as the stream carries it; what is empty or None is left out."""
    fields: dict[str, Any] = {"kind": _KINDS[type(message)]}
    for field in dataclasses.fields(message):
        value = getattr(message, field.name)
        if value is not None and value != () and value != "" and value != {}:
            fields[field.name] = value
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
