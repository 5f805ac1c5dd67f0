"""Features, declared once.

A feature is one line of YAML. From it follow the raw example schema, the TFT transform, the inputs
of both models, the serving signature, the slices of the evaluation and the table in the report.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import Field

from transform.settings import Frozen

# Keys of the raw examples and of the serving signature. Every row kind uses the same ones.
USER_ID = "user_id"
ITEM_ID = "item_id"
EVENT_TIME = "event_time"
EVENT_TYPE = "event_type"
# Columns that a log may have: the first breaks ties of time, the others describe impressions.
EVENT_ID = "event_id"
REQUEST_ID = "request_id"
POSITION = "position"
# Place of an event in the input, which breaks ties of time where there is no event_id.
ORDER = "order"
HISTORY_ITEM_ID = "history_item_id"
HISTORY_EVENT_TYPE = "history_event_type"
HISTORY_TIME = "history_time"
REQUEST_TIME = "request_time"
EXCLUDE_ITEM_ID = "exclude_item_id"
TARGET_ITEM_ID = "target_item_id"
CANDIDATE_ITEM_ID = "candidate_item_id"
CANDIDATE_PROBABILITY = "candidate_probability"
LABEL = "label"
ITEM_COUNT = "item_count"
# When an item may be shown (unix seconds, absent where there is no such limit): from the first of
# these on, and before the second.
ITEM_AVAILABLE_FROM = "item_available_from"
ITEM_AVAILABLE_TO = "item_available_to"
# What slices the evaluation; those of the target depend on the item that is asked for.
USER_RUNG = "user_rung"
ITEM_RUNG = "item_rung"
TARGET_AGE = "target_age"
TARGET_POPULARITY = "target_popularity"
REQUEST_HOUR = "request_hour"
REQUEST_WEEKDAY = "request_weekday"
# "1" where the user has had the target before: lists without seen items cannot hold it.
IS_REPEAT = "is_repeat"
# Ends the name of a served feature that says how many values each request really has.
LENGTH = "$length"

# Splits of the examples artifact. A split holds one kind of row.
TRAIN = "train"  # one row per window of a user's training events; the next event is the target
RANKING = "ranking"  # one row per request of the training period, with candidates and labels
VALIDATION = "validation"  # held-out requests before the evaluation period: calibration, stopping
EVAL = "eval"  # held-out requests that measure the model
CATALOGUE = "catalogue"  # one row per item, as of the end of the training period
# Held-out split -> the split of the lists that users were shown in its period, as in `ranking`.
SHOWN = {VALIDATION: "shown_validation", EVAL: "shown_eval"}

RESERVED_NAMES = frozenset(
    {
        USER_ID,
        ITEM_ID,
        EVENT_TIME,
        EVENT_TYPE,
        EVENT_ID,
        REQUEST_ID,
        POSITION,
        ORDER,
        HISTORY_ITEM_ID,
        HISTORY_EVENT_TYPE,
        HISTORY_TIME,
        REQUEST_TIME,
        EXCLUDE_ITEM_ID,
        TARGET_ITEM_ID,
        CANDIDATE_ITEM_ID,
        CANDIDATE_PROBABILITY,
        LABEL,
        ITEM_COUNT,
        ITEM_AVAILABLE_FROM,
        ITEM_AVAILABLE_TO,
        USER_RUNG,
        ITEM_RUNG,
        "tiles",
        TARGET_AGE,
        TARGET_POPULARITY,
        REQUEST_HOUR,
        REQUEST_WEEKDAY,
        IS_REPEAT,
        "top_k",
    }
)

# The cold-start ladder: lowest interaction count of each rung -> its name.
RUNGS: tuple[tuple[int, str], ...] = ((0, "0"), (1, "1"), (2, "2-5"), (6, "6-20"), (21, "21+"))
# Age of a target that the training knows: lowest number of days of each bucket -> its name.
AGES: tuple[tuple[int, str], ...] = ((0, "<7d"), (7, "<28d"), (28, "older"))

_RUNG_NAMES = tuple(name for _, name in RUNGS)
# Slicing column -> its values in their natural order.
SLICES: dict[str, tuple[str, ...]] = {
    USER_RUNG: _RUNG_NAMES,
    ITEM_RUNG: _RUNG_NAMES,
    TARGET_AGE: ("new", *(name for _, name in AGES)),
    TARGET_POPULARITY: ("none", *(str(decile) for decile in range(1, 11))),
    REQUEST_HOUR: tuple(f"{hour:02d}" for hour in range(24)),
    REQUEST_WEEKDAY: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
TARGET_SLICES = frozenset({ITEM_RUNG, TARGET_AGE, TARGET_POPULARITY})


class Side(StrEnum):
    """Where a feature comes from."""

    QUERY = "query"  # the users table
    CANDIDATE = "candidate"  # the items table
    CONTEXT = "context"  # the event or request itself


class Kind(StrEnum):
    """What a feature's values are."""

    ID = "id"
    CATEGORY = "category"
    NUMBER = "number"
    TEXT = "text"
    TIME = "time"


class Feature(Frozen):
    """One declared feature.

    Attributes:
        name: Column name after mapping, and the name of the serving input.
        side: Which table it comes from.
        kind: How it is transformed.
        separator: Splits one string into several values (`category` and `id` only).
        buckets: Hash buckets for `text`, most frequent values kept for `category` and `id`.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    side: Side
    kind: Kind
    separator: str | None = None
    buckets: int = Field(default=2048, ge=2)

    @property
    def is_numeric(self) -> bool:
        """True for a float32 (`number`) or int64 (`time`) raw value; the others are strings."""
        return self.kind in (Kind.NUMBER, Kind.TIME)


def query_features(features: Iterable[Feature]) -> list[Feature]:
    """Declared features that arrive with a request: query and context, in declared order."""
    return [f for f in features if f.side is not Side.CANDIDATE]


def candidate_features(features: Iterable[Feature]) -> list[Feature]:
    """Declared features of an item, in declared order."""
    return [f for f in features if f.side is Side.CANDIDATE]


def splits(*, shown: bool) -> list[str]:
    """All splits of the examples artifact, with or without the held-out lists."""
    return [TRAIN, RANKING, VALIDATION, EVAL, *(SHOWN.values() if shown else ()), CATALOGUE]


def slice_keys(features: Iterable[Feature]) -> list[str]:
    """Columns by which results are sliced: the computed ones, then single-valued categories.

    Args:
        features: Declared features; those of candidates are none of a request.
    """
    declared = [
        feature.name
        for feature in query_features(features)
        if feature.kind is Kind.CATEGORY and feature.separator is None
    ]
    return [*SLICES, *declared]


def label_key(event_type: str) -> str:
    """Key of the labels of one event type."""
    return f"{LABEL}_{event_type}"
