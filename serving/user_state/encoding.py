"""A user's state and features as bytes: one protobuf message.

In the language of `.proto` files (numbers in lists are packed, as ever in proto3):

    message UserState {
      repeated string text = 1;          // each text once; the numbers below are places in it
      repeated uint32 item = 2;          // of each event of the history, oldest first
      repeated uint32 event_type = 3;
      repeated sint64 step = 4;          // seconds since the event before; the first: since 1970
      repeated uint64 cell_hop = 5;      // of each count of the tiles: seconds of its hop
      repeated sint64 cell_number = 6;   // number of the tile, in hops since 1970
      repeated uint32 cell_type = 7;
      repeated uint32 cell_feature = 8;
      repeated uint32 cell_category = 9;
      repeated uint64 cell_count = 10;
      repeated string feature = 11;      // names of query features: those with a text, then those
      repeated string text_value = 12;   // with an integer, then those with a number
      repeated sint64 integer_value = 13;
      repeated double number_value = 14;
      repeated string applied_id = 15;   // of each live event in the state, by time and name
      repeated sint64 applied_step = 16; // seconds since the one before; the first: since 1970
      repeated uint32 applied_behaviours = 17;
      repeated LiveEvent live = 18;      // events that are yet to be folded
    }
    message LiveEvent {
      string event_id = 1;
      string event_type = 2;
      sint64 event_time = 3;
      repeated string item = 4;
      repeated uint32 category_item = 5; // of each category: place of its item
      repeated string category_feature = 6;
      repeated string category = 7;
    }

Fields may be added; a reader ignores those that it does not know. The bytes of two messages one
after the other are one message that holds the lists of both: so live events are appended to a
record without reading it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise, repeat
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from serving.query import FeatureValue
from serving.user_state.live import Applied, Ledger, LiveEvent
from serving.user_state.record import DamagedRecordError
from transform.state import Event, Tile, UserState

_FIELDS = {
    "text": "STRING",
    "item": "UINT32",
    "event_type": "UINT32",
    "step": "SINT64",
    "cell_hop": "UINT64",
    "cell_number": "SINT64",
    "cell_type": "UINT32",
    "cell_feature": "UINT32",
    "cell_category": "UINT32",
    "cell_count": "UINT64",
    "feature": "STRING",
    "text_value": "STRING",
    "integer_value": "SINT64",
    "number_value": "DOUBLE",
    "applied_id": "STRING",
    "applied_step": "SINT64",
    "applied_behaviours": "UINT32",
}
_LIVE_NUMBER = len(_FIELDS) + 1
_LIVE_FIELDS = {
    "event_id": ("STRING", "OPTIONAL"),
    "event_type": ("STRING", "OPTIONAL"),
    "event_time": ("SINT64", "OPTIONAL"),
    "item": ("STRING", "REPEATED"),
    "category_item": ("UINT32", "REPEATED"),
    "category_feature": ("STRING", "REPEATED"),
    "category": ("STRING", "REPEATED"),
}
_CELL = ("cell_hop", "cell_number", "cell_type", "cell_feature", "cell_category", "cell_count")


class Stored(NamedTuple):
    """A record as it is stored.

    Attributes:
        state: The fold's state.
        features: Query features of the user.
        ledger: Live events that the state holds.
        live: Live events that are yet to be folded, in the order in which they came.
    """

    state: UserState
    features: Mapping[str, FeatureValue]
    ledger: Ledger = ()
    live: tuple[LiveEvent, ...] = ()


def _message() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="user_state.proto", syntax="proto3")
    message = file.message_type.add(name="UserState")
    for number, (name, kind) in enumerate(_FIELDS.items(), start=1):
        message.field.add(name=name, number=number, type=f"TYPE_{kind}", label="LABEL_REPEATED")
    message.field.add(
        name="live",
        number=_LIVE_NUMBER,
        type="TYPE_MESSAGE",
        label="LABEL_REPEATED",
        type_name=".LiveEvent",
    )
    live = file.message_type.add(name="LiveEvent")
    for number, (name, (kind, label)) in enumerate(_LIVE_FIELDS.items(), start=1):
        live.field.add(name=name, number=number, type=f"TYPE_{kind}", label=f"LABEL_{label}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("UserState"))


_Message = _message()


def encode(state: UserState, features: Mapping[str, FeatureValue], ledger: Ledger = ()) -> bytes:
    """The bytes of a state, the user's features and the ledger; deterministic.

    Raises:
        TypeError: A feature is neither a str nor an int nor a float.
    """
    places: dict[str, int] = {}

    def place(text: str) -> int:
        return places.setdefault(text, len(places))

    message = _Message(
        item=[place(event.item_id) for event in state.events],
        event_type=[place(event.event_type) for event in state.events],
        step=_steps([event.event_time for event in state.events]),
        applied_id=[one.event_id for one in ledger],
        applied_step=_steps([one.event_time for one in ledger]),
        applied_behaviours=[one.behaviours for one in ledger],
    )
    cells = [
        (hop, tile.number, place(event_type), place(feature), place(category), count)
        for hop, tiles in sorted(state.tiles.items())
        for tile in tiles
        for (event_type, feature), counts in sorted(tile.counts.items())
        for category, count in sorted(counts.items())
    ]
    for name, column in zip(_CELL, zip(*cells, strict=True), strict=False):
        getattr(message, name).extend(column)
    message.text.extend(places)
    kinds = ((str, message.text_value), (int, message.integer_value), (float, message.number_value))
    for kind, values in kinds:
        named = {name: value for name, value in features.items() if type(value) is kind}
        message.feature.extend(sorted(named))
        values.extend(named[name] for name in sorted(named))
    if len(message.feature) < len(features):
        raise TypeError(f"a feature must be a str, an int or a float, received {dict(features)}")
    return bytes(message.SerializeToString())


def encode_live(live: Sequence[LiveEvent]) -> bytes:
    """The bytes of live events, to be appended to those of a record."""
    message = _Message()
    for one in live:
        first = one.events[0]
        categories = [
            (place, *category)
            for place, event in enumerate(one.events)
            for category in event.categories
        ]
        message.live.add(
            event_id=one.event_id,
            event_type=first.event_type,
            event_time=first.event_time,
            item=[event.item_id for event in one.events],
            category_item=[place for place, _, _ in categories],
            category_feature=[feature for _, feature, _ in categories],
            category=[category for _, _, category in categories],
        )
    return bytes(message.SerializeToString())


def decode(encoded: bytes) -> Stored:
    """What the bytes hold.

    Raises:
        DamagedRecordError: The bytes are something else.
    """
    try:
        message = _Message.FromString(encoded)
        values = (*message.text_value, *message.integer_value, *message.number_value)
        features = dict(zip(message.feature, values, strict=True))
        text = list(message.text)
        state = UserState(_events(message, text), _tiles(message, text))
        return Stored(state, features, _ledger(message), tuple(map(_live_event, message.live)))
    except (DecodeError, IndexError, ValueError) as error:
        raise DamagedRecordError(
            f"a stored state must be as this version of the client writes it, received "
            f"{len(encoded)} bytes that are not ({error}). Import the published states again"
        ) from error


def _steps(times: Sequence[int]) -> list[int]:
    return [later - earlier for earlier, later in pairwise([0, *times])]


def _ledger(message: Any) -> Ledger:
    times = accumulate(message.applied_step)
    columns = (times, message.applied_id, message.applied_behaviours)
    return tuple(map(Applied._make, zip(*columns, strict=True)))


def _live_event(live: Any) -> LiveEvent:
    categories: list[tuple[tuple[str, str], ...]] = [()] * len(live.item)
    columns = (live.category_item, live.category_feature, live.category)
    for place, feature, category in zip(*columns, strict=True):
        categories[place] += ((feature, category),)
    events = tuple(
        Event(item_id, live.event_type, live.event_time, named)
        for item_id, named in zip(live.item, categories, strict=True)
    )
    if not events:
        raise ValueError("a live event has no item")
    return LiveEvent(live.event_id, events)


def _events(message: Any, text: list[str]) -> tuple[Event, ...]:
    columns = (
        map(text.__getitem__, message.item),
        map(text.__getitem__, message.event_type),
        accumulate(message.step),
    )
    if len({len(message.item), len(message.event_type), len(message.step)}) > 1:
        raise ValueError("the columns of the history differ in length")
    return tuple(map(Event._make, zip(*columns, repeat(()), strict=False)))


def _tiles(message: Any, text: list[str]) -> dict[int, tuple[Tile, ...]]:
    tiles: dict[int, dict[int, dict[tuple[str, str], dict[str, int]]]] = {}
    columns = (getattr(message, name) for name in _CELL)
    for hop, number, event_type, feature, category, count in zip(*columns, strict=True):
        counts = tiles.setdefault(hop, {}).setdefault(number, {})
        counts.setdefault((text[event_type], text[feature]), {})[text[category]] = count
    return {
        hop: tuple(Tile(number, counts) for number, counts in numbered.items())
        for hop, numbered in tiles.items()
    }
