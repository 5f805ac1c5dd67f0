"""Windowed aggregates, declared once: one line of YAML each.

>>> Aggregate(name="views_7d", of="user", count="view", window="7d").seconds
604800
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Self

from pydantic import Field, TypeAdapter, model_validator

from transform.settings import Frozen
from transform.windows import UserWindow

DAY_SECONDS = 86_400
# Values of an item aggregate in a catalogue row: at the end of the training period, with which a
# model is calibrated, and at the end of all that it may learn from, with which it serves.
MOMENTS = 2
_UNIT_SECONDS = {"h": 3_600, "d": DAY_SECONDS}


class Of(StrEnum):
    """What an aggregate describes."""

    USER = "user"
    USER_CATEGORY = "user_category"  # a user's events with items of a candidate's category
    ITEM = "item"
    ALL = "all"  # the whole shop


class Aggregate(Frozen):
    """One declared aggregate: exactly one of `count`, `rate`, `trend` and `age`.

    A type of event that the log does not have counts as zero.

    Attributes:
        name: Key of the raw examples, and of the serving signature for `user` and `all`.
        of: What it describes. The windows of `user` and `user_category` end at the last event
            before the request; those of `item` and `all` hold whole days (UTC) before its day.
        count: Type of the events to count.
        rate: Type of the events whose count is divided by that of `per`; 0 where that is 0.
        per: See `rate`.
        trend: Type of the events whose count in the window is compared with the window before:
            log2((now + 1) / (before + 1)); items only.
        age: Days from the day of the item's first event to the request; items only.
        window: Length: hours (`12h`) or days (`7d`); for `item` and `all` whole days.
        by: The candidate feature of kind category, for `user_category`.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    of: Of
    count: str | None = Field(default=None, min_length=1)
    rate: str | None = Field(default=None, min_length=1)
    per: str | None = Field(default=None, min_length=1)
    trend: str | None = Field(default=None, min_length=1)
    age: bool = False
    window: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,4}[hd]$")
    by: str | None = None

    @property
    def seconds(self) -> int:
        """Length of the window; 0 without one."""
        if self.window is None:
            return 0
        return int(self.window[:-1]) * _UNIT_SECONDS[self.window[-1]]

    @property
    def days(self) -> int:
        """Length of the window in whole days."""
        return self.seconds // DAY_SECONDS

    @property
    def key_name(self) -> str:
        """Key of the categories that `value_name` holds the values of, for `user_category`."""
        return f"{self.name}_key"

    @property
    def value_name(self) -> str:
        """See `key_name`."""
        return f"{self.name}_value"

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [kind for kind in ("count", "rate", "trend", "age") if getattr(self, kind)]
        if len(given) != 1:
            raise ValueError(
                "an aggregate must have exactly one of count, rate, trend and age. "
                f"Received: {', '.join(given) or 'none'} for {self.name!r}. "
                "Declare one aggregate for each."
            )
        if (self.rate is None) != (self.per is None):
            raise ValueError(
                "a rate must have both `rate` and `per`. Received: "
                f"rate {self.rate!r}, per {self.per!r} for {self.name!r}. "
                "Write, for example, `rate: purchase, per: view`."
            )
        return self

    @model_validator(mode="after")
    def _fits_what_it_describes(self) -> Self:
        if (self.trend or self.age) and self.of is not Of.ITEM:
            raise ValueError(
                f"a trend or an age must be one of items. Received: of {self.of} for "
                f"{self.name!r}. Write `of: item`, or count or rate instead."
            )
        if (self.by is not None) != (self.of is Of.USER_CATEGORY):
            raise ValueError(
                "`by` must be given for `of: user_category`, and only there. Received: "
                f"of {self.of}, by {self.by!r} for {self.name!r}. "
                "Name the category feature of the items, or leave `by` out."
            )
        return self

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        if (self.window is None) != self.age:
            raise ValueError(
                "an aggregate must have a window, an age none. Received: "
                f"window {self.window!r} for {self.name!r}. "
                "Write, for example, `window: 7d`, or leave it out of an age."
            )
        if self.of in (Of.ITEM, Of.ALL) and self.seconds % DAY_SECONDS:
            raise ValueError(
                f"a window of {self.of} must be whole days, because its tiles are closed once a "
                f"day. Received: {self.window!r} for {self.name!r}. "
                "Write days, or a user aggregate."
            )
        return self


def parse_aggregates(text: str) -> tuple[Aggregate, ...]:
    """Reads declared aggregates from the JSON list that travels in execution properties."""
    return TypeAdapter(tuple[Aggregate, ...]).validate_json(text)


def aggregates_of(aggregates: Iterable[Aggregate], *kinds: Of) -> list[Aggregate]:
    """The aggregates that describe one of `kinds`, in declared order."""
    return [aggregate for aggregate in aggregates if aggregate.of in kinds]


def user_windows(aggregates: Sequence[Aggregate]) -> tuple[UserWindow, ...]:
    """The windows that the fold keeps for each user, in declared order."""
    return tuple(
        UserWindow(a.name, a.seconds, a.count or a.rate or "", a.per, a.by)
        for a in aggregates_of(aggregates, Of.USER, Of.USER_CATEGORY)
    )
