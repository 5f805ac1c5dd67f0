"""Points in time, as the report writes them."""

from __future__ import annotations

import datetime


def moment(seconds: int | None) -> str:
    """A point in time, UTC, to the minute.

    >>> moment(893286638)
    '1998-04-22 23:10'
    """
    if seconds is None:
        return "n/a"
    then = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return f"{then:%Y-%m-%d %H:%M}"
