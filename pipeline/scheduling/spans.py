"""Which spans of the log are complete."""

from __future__ import annotations

import datetime
from datetime import date

from pipeline.errors import RunError
from transform.reading.files import table_files
from transform.settings import DataSettings

Span = date | int


def complete_spans(data: DataSettings, now: datetime.datetime, settle_s: float) -> list[Span]:
    """Days or spans of the events that nothing more is written to, oldest first.

    A day is complete once it has been over (UTC) for some time, and a day or numbered span whose
    files nobody has written to for as long: late events are still being written after midnight.

    Args:
        data: Where the events lie.
        now: The time.
        settle_s: How long, seconds.

    Raises:
        RunError: The log is not divided into days or spans, or the settings have no window.
        DataError: There is no file.
    """
    if data.window is None:
        raise RunError(
            "what is trained on is the last complete days or spans. Received: settings without "
            "`data.window`. Say how many: window: {last: 28}."
        )
    files = table_files(data.events, "events")
    written: dict[Span, float] = {}
    for file in files:
        if (place := file.partition.place) is not None:
            written[place] = max(file.written, written.get(place, 0.0))
    if not written:
        raise RunError(
            "only a log that is divided into days or spans has complete ones. Received: "
            f"{data.events.path}, which is not. Use Hive folders such as dt=2026-03-31, or "
            "{SPAN} or {YYYY}-{MM}-{DD} in the path."
        )
    settled = now - datetime.timedelta(seconds=settle_s)
    today = settled.astimezone(datetime.UTC).date()
    over = [place for place in written if not (isinstance(place, date) and place >= today)]
    quiet = [place for place in over if written[place] <= settled.timestamp()]
    return sorted(quiet, key=number_of)


def number_of(span: Span) -> int:
    """Orders spans."""
    return span.toordinal() if isinstance(span, date) else span
