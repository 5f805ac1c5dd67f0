"""The part of the log that one run reads, where it is not that of the settings."""

from __future__ import annotations

from datetime import UTC, date, datetime

from pydantic import ValidationError

from pipeline.errors import RunError
from pipeline.scheduling import SETTLE_MINUTES
from pipeline.scheduling.spans import complete_spans
from pipeline.settings import Settings
from transform.settings import DataSettings, Window

COMPLETE = "complete"  # as the end of a window: the last day or span that is complete


def with_window(settings: Settings, until: str, last: int) -> Settings:
    """Settings whose data window is the one of this run.

    Args:
        settings: As submitted.
        until: Last day (`2024-03-31`) or span number; `complete` for the last one that nothing more
            is written to, where the settings' would be the latest there is; empty keeps that of the
            settings.
        last: How many days or spans; 0 keeps that of the settings.

    Raises:
        RunError: There would be an end without a length, one of the two is none, or nothing is
            complete.
        DataError: The log cannot be listed.
    """
    if not until and not last:
        return settings
    if until == COMPLETE:
        until = str(last_complete(with_window(settings, "", last).data, datetime.now(UTC)))
    window = settings.data.window
    try:
        end = day_or_span(until) if until else (window.until if window else None)
        changed = Window(last=last or (window.last if window else 0), until=end)
    except (ValidationError, ValueError) as error:
        raise RunError(
            "a run's window has `last`, a whole number from 1, and may have `until`, a day such as "
            f"2024-03-31, the number of a span or {COMPLETE!r}. Received: until {until!r}, last "
            f"{last}, with {window or 'no window'} in the settings. Correct the run's parameters."
        ) from error
    data = settings.data.model_copy(update={"window": changed})
    return settings.model_copy(update={"data": data})


def last_complete(data: DataSettings, now: datetime) -> date | int:
    """The last day or span of the events that nothing more is written to.

    Raises:
        RunError: There is none, or the log is not divided.
        DataError: The log cannot be listed.
    """
    if spans := complete_spans(data, now, 60.0 * SETTLE_MINUTES):
        return spans[-1]
    raise RunError(
        f"a window until {COMPLETE!r} ends with a day that is over, or a span that nobody writes "
        f"to any more. Received: {data.events.path} at {now:%Y-%m-%d %H:%M} UTC, where none is. "
        f"Start the run {SETTLE_MINUTES} minutes after the end of the first."
    )


def day_or_span(text: str) -> date | int:
    """The end of a window: `7`, or `2024-03-31`."""
    return int(text) if text.isdigit() else date.fromisoformat(text)
