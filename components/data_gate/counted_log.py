"""The log, read again from its files, whose footers say how many rows there must be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from transform.features import EVENT_TIME, ORDER
from transform.reading.event_source import EventReader

# The order of a row is the rank of its file, shifted by so many bits, and its place in the file.
_PLACE_BITS = 40


@dataclass
class CountedLog:
    """The log, a part at a time, and what went by.

    Attributes:
        reader: The log.
        disorder_seconds: How far before the row that precedes it in its file a row may lie.
        rows: Rows so far.
        out_of_order: Rows so far that lie farther before the preceding one.
    """

    reader: EventReader
    disorder_seconds: int
    rows: int = 0
    out_of_order: int = 0

    def parts(self) -> Iterator[pl.DataFrame]:
        """The events, in input order."""
        for chunk in self.reader.chunks:
            for part in self.reader.read(chunk):
                self.rows += part.rows
                self.out_of_order += out_of_order(part.frame, self.disorder_seconds)
                yield part.frame

    @property
    def out_of_order_share(self) -> float:
        """Rows out of order a row read."""
        return self.out_of_order / max(1, self.rows)


def out_of_order(events: pl.DataFrame, seconds: int) -> int:
    """Events that lie more than some seconds before the one that precedes them in their file."""
    file = events[ORDER] // 2**_PLACE_BITS
    back = events[EVENT_TIME].diff() < -seconds
    return int((back & (file == file.shift())).sum())
