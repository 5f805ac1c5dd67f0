"""Which spans of the log are complete."""

from __future__ import annotations

import datetime
from datetime import date

from pipeline.errors import RunError
from transform.reading.files import table_files
from transform.settings import DataSettings

Span = date | int


def complete_spans(data: DataSettings, now: datetime.datetime) -> list[Span]:
    """Days or spans of the events that nothing more is written to, oldest first.

    A day is complete once it is over (UTC), a numbered span as soon as it is there: who numbers
    spans writes each of them whole.

    Raises:
        RunError: The log is not divided into days or spans, or the settings have no window.
        DataError: There is no file.
    """
    if data.window is None:
        raise RunError(
            "a schedule trains on the last days or spans of the log. Received: settings without "
            "`data.window`. Say how many: window: {last: 28}."
        )
    files = table_files(data.events, "events")
    places = {file.partition.place for file in files if file.partition.place is not None}
    if not places:
        raise RunError(
            "a schedule needs a log that is divided into days or spans. Received: "
            f"{data.events.path}, which is not. Use Hive folders such as dt=2026-03-31, or "
            "{SPAN} or {YYYY}-{MM}-{DD} in the path."
        )
    today = now.astimezone(datetime.UTC).date()
    over = [place for place in places if not (isinstance(place, date) and place >= today)]
    return sorted(over, key=number_of)


def number_of(span: Span) -> int:
    """Orders spans."""
    return span.toordinal() if isinstance(span, date) else span
