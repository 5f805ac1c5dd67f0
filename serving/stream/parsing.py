"""From the bytes of an entry to its message, or the reason why it is none.

What a batch job would reject from the log is rejected here, so that both see the same events.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeGuard

from serving.stream.messages import HAPPENED, POSITION_BEGINS, SHOWN, Exposure, Message, Outcome
from serving.user_state.live import EARLIEST_SECONDS, LATEST_SECONDS
from transform.reading.event_rows import FUTURE, LINE_BREAK, NO_EVENT_ID, NO_ITEM, NO_TIME, NO_USER
from transform.reading.text import MISSING

NO_JSON = "it is no JSON object"
NO_KIND = f"kind is neither {SHOWN!r} nor {HAPPENED!r}"
NO_REQUEST_ID = "request_id is missing"
NO_OPTIONAL = "request_id, source or arm is no text"
NO_TYPE = "event_type is missing"
LATE = f"event_time lies more than {LATEST_SECONDS // 86_400} days before the arrival"
RESERVED = f"an event_id holds {POSITION_BEGINS!r}, which names the impressions of lists"
NO_NUMBERS = "scores and propensities are not one number for each item"
NO_TEAMS = "teams are not one text for each item"
REPEATED = "an item stands twice in the list"
NO_CONTEXT = "context is no object of texts and numbers"
# All reasons there are; they are labels of a metric.
REASONS = (
    *(NO_JSON, NO_KIND, NO_REQUEST_ID, NO_OPTIONAL, NO_TYPE, LATE, RESERVED, NO_NUMBERS, REPEATED),
    *(NO_TEAMS, NO_CONTEXT, FUTURE, LINE_BREAK, NO_EVENT_ID, NO_ITEM, NO_TIME, NO_USER),
)
_MISSING = frozenset(MISSING)
_LARGEST = 2**63


class MalformedError(ValueError):
    """The entry is no message; the text is the reason."""


def parse(payload: bytes, arrival: int) -> Message:
    """Reads a message.

    Args:
        payload: The bytes of the entry.
        arrival: When the stream got it, unix seconds. It decides what is late or in the future, so
            that everybody who reads the entry, whenever it is, decides the same.

    Raises:
        MalformedError: It is none.
    """
    try:
        fields = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MalformedError(NO_JSON) from error
    if not isinstance(fields, dict):
        raise MalformedError(NO_JSON)
    read = _READERS.get(str(fields.get("kind")))
    if read is None:
        raise MalformedError(NO_KIND)
    return read(fields, arrival)


def _exposure(fields: dict[str, Any], arrival: int) -> Exposure:
    items = fields.get("item_ids")
    if not isinstance(items, list) or not items:
        raise MalformedError(NO_ITEM)
    item_ids = tuple(_text(item, NO_ITEM) for item in items)
    if len(set(item_ids)) < len(item_ids):
        raise MalformedError(REPEATED)
    version = fields.get("model_version")
    return Exposure(
        _text(fields.get("request_id"), NO_REQUEST_ID),
        _text(fields.get("user_id"), NO_USER),
        _time(fields.get("event_time"), arrival),
        item_ids,
        _numbers(fields.get("scores", []), len(items)),
        _numbers(fields.get("propensities", []), len(items)),
        version if type(version) is int and 0 <= version < 2**63 else None,
        _optional(fields.get("source")),
        _optional(fields.get("arm")),
        _context(fields),
        _teams(fields.get("teams", []), len(items)),
    )


def _outcome(fields: dict[str, Any], arrival: int) -> Outcome:
    event_id = _text(fields.get("event_id"), NO_EVENT_ID)
    if POSITION_BEGINS in event_id:
        raise MalformedError(RESERVED)
    return Outcome(
        event_id,
        _text(fields.get("user_id"), NO_USER),
        _text(fields.get("item_id"), NO_ITEM),
        _text(fields.get("event_type"), NO_TYPE),
        _time(fields.get("event_time"), arrival),
        _optional(fields.get("request_id")),
        _context(fields),
    )


_READERS: dict[str, Callable[[dict[str, Any], int], Message]] = {
    SHOWN: _exposure,
    HAPPENED: _outcome,
}


def _text(value: Any, missing: str) -> str:
    if not _is_text(value) or value in _MISSING or value != value.strip():
        raise MalformedError(missing)
    if "\n" in value or "\r" in value:
        raise MalformedError(LINE_BREAK)
    return value


def _optional(value: Any) -> str:
    return _text(value, NO_OPTIONAL) if value else ""


def _time(value: Any, arrival: int) -> int:
    if type(value) is not int:
        raise MalformedError(NO_TIME)
    if value > arrival + EARLIEST_SECONDS:
        raise MalformedError(FUTURE)
    if value < arrival - LATEST_SECONDS:
        raise MalformedError(LATE)
    return value


def _numbers(values: Any, count: int) -> tuple[float, ...]:
    if not isinstance(values, list) or (values and len(values) != count):
        raise MalformedError(NO_NUMBERS)
    if not all(map(_is_number, values)):
        raise MalformedError(NO_NUMBERS)
    return tuple(map(float, values))


def _teams(values: Any, count: int) -> tuple[str, ...]:
    if not isinstance(values, list) or (values and len(values) != count):
        raise MalformedError(NO_TEAMS)
    return tuple(_text(value, NO_TEAMS) if value != "" else "" for value in values)


def _context(fields: dict[str, Any]) -> dict[str, Any]:
    context = fields.get("context")
    if context is None:
        return {}
    if not isinstance(context, dict) or not all(
        _is_text(value) or _is_number(value) for value in context.values()
    ):
        raise MalformedError(NO_CONTEXT)
    return context


def _is_text(value: Any) -> TypeGuard[str]:
    """Whether it is text that can be stored: JSON may hold half a character."""
    if not isinstance(value, str):
        return False
    return value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value)


def _is_number(value: Any) -> bool:
    """Whether it is a number that a column can hold."""
    return type(value) in (int, float) and -_LARGEST < value < _LARGEST
