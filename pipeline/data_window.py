"""The part of the log that one run reads, where it is not that of the settings."""

from __future__ import annotations

from datetime import date

from pydantic import ValidationError

from pipeline.errors import RunError
from pipeline.settings import Settings
from transform.settings import Window


def with_window(settings: Settings, until: str, last: int) -> Settings:
    """Settings whose data window is the one of this run.

    Args:
        settings: As submitted.
        until: Last day (`2024-03-31`) or span number; empty keeps that of the settings.
        last: How many days or spans; 0 keeps that of the settings.

    Raises:
        RunError: There would be an end without a length, or one of the two is none.
    """
    if not until and not last:
        return settings
    window = settings.data.window
    try:
        end = day_or_span(until) if until else (window.until if window else None)
        changed = Window(last=last or (window.last if window else 0), until=end)
    except (ValidationError, ValueError) as error:
        raise RunError(
            "a run's window has `last`, a whole number from 1, and may have `until`, a day such as "
            f"2024-03-31 or the number of a span. Received: until {until!r}, last {last}, with "
            f"{window or 'no window'} in the settings. Correct the run's parameters."
        ) from error
    data = settings.data.model_copy(update={"window": changed})
    return settings.model_copy(update={"data": data})


def day_or_span(text: str) -> date | int:
    """The end of a window: `7`, or `2024-03-31`."""
    return int(text) if text.isdigit() else date.fromisoformat(text)
