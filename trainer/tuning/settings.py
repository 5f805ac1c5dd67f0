"""Settings of a search: how many trials, and over which values of which settings."""

from __future__ import annotations

import difflib
import typing
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from transform.settings import Frozen

# Settings of a training that no trial could measure.
_UNMEASURED = {
    "keep": "it says what is measured",
    "refresh_epochs": "it comes after the epoch that is measured",
    "tuning": "it is the search itself",
    "warm_start": "it says how long a training takes, not how well it goes",
}


class Range(Frozen):
    """A range of numbers, both ends included.

    Attributes:
        min: The least.
        max: The greatest.
        scale: Whether equal differences (`linear`) or equal ratios (`log`) are equally likely.
    """

    min: int | float
    max: int | float
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _has_an_extent(self) -> Self:
        if self.min >= self.max or (self.scale == "log" and self.min <= 0):
            raise ValueError(
                "`min` lies below `max`, and above 0 where the scale is log. Received: "
                f"min {self.min}, max {self.max}, scale {self.scale}. Change the ends."
            )
        return self

    @property
    def values(self) -> tuple[int | float, ...]:
        """All whole numbers of a whole range, else both ends."""
        if isinstance(self.min, int) and isinstance(self.max, int):
            return tuple(range(self.min, self.max + 1))
        return self.min, self.max


def _kind(values: Any) -> str:
    return "list" if isinstance(values, tuple) else "range"


Values = Annotated[
    Annotated[Range, Tag("range")] | Annotated[tuple[int | float | str, ...], Tag("list")],
    Discriminator(_kind),  # so that an error is told of the one that is meant
]
Space = dict[str, Values]


class TuningSettings(Frozen):
    """A search for good values of other settings, before the training that they are for.

    The first trial takes the settings as they stand, wherever the space holds their values.

    Attributes:
        trials: Trainings at most; fewer where the space has no more values.
        space: Setting -> a list of the values it may take, or a range, `{min, max}` or
            `{min, max, scale: log}`.
    """

    trials: int = Field(ge=1)
    space: Space = Field(min_length=1)

    @field_validator("space", mode="before")
    @classmethod
    def _shapes(cls, space: Any) -> Any:
        if not isinstance(space, dict):
            return space
        for name, values in space.items():
            if not _is_choice(values) and not _is_range(values):
                raise ValueError(
                    f"the values of `{name}` are a list of two different numbers or words at "
                    f"least, or a range. Received: {values!r}. Write, for example, "
                    f"`{name}: [1, 2, 3]` or `{name}: {{min: 0.001, max: 0.01, scale: log}}`."
                )
        return {n: tuple(v) if isinstance(v, list) else v for n, v in space.items()}


def check_space(settings: BaseModel, space: Space) -> None:
    """Refuses a space that does not fit the settings it is for.

    Args:
        settings: Whose values are searched.
        space: The space.

    Raises:
        ValueError: A name is none of the settings, or one that cannot be searched, or a value is
            none that it may have.
    """
    own = {name: value for name, value in settings if name != "tuning"}
    known = [name for name, field in type(settings).model_fields.items() if _is_plain(field)]
    known = [name for name in known if name not in _UNMEASURED]
    for name, values in space.items():
        if name not in known:
            raise ValueError(_unknown(name, known))
        for value in (values.min, values.max) if isinstance(values, Range) else values:
            try:
                type(settings).model_validate(own | {name: value}, strict=True)
            except ValidationError as error:
                rule = error.errors()[0]["msg"]
                raise ValueError(
                    f"`tuning.space.{name}` holds values that `{name}` may have. Received: "
                    f"{value!r} ({rule}). Change it or leave it out."
                ) from error


def _unknown(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    why = f", of which {_UNMEASURED[name]}" if name in _UNMEASURED else ""
    hint = f"Nearest: `{close[0]}`. " if close else ""
    return (
        f"`tuning.space` names settings that a trial can measure. Received: {name!r}{why}. {hint}"
        f"There are: {', '.join(known)}."
    )


def _is_plain(field: Any) -> bool:
    """Whether a setting holds one number or word."""
    annotation = field.annotation
    return annotation in (int, float) or typing.get_origin(annotation) is Literal


def _is_choice(values: Any) -> bool:
    if not isinstance(values, list | tuple):
        return False
    plain = all(_is_number(value) or isinstance(value, str) for value in values)
    return plain and len(set(values)) == len(values) >= 2


def _is_range(values: Any) -> bool:
    if not isinstance(values, dict):
        return isinstance(values, Range)
    ends = _is_number(values.get("min")) and _is_number(values.get("max"))
    return ends and set(values) <= set(Range.model_fields)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
