"""Text as files have it: what stands for nothing, and what is plain."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

# What other tools write where there is no value.
MISSING = ("", "null", "NULL", "Null", "nan", "NaN", "NA", "N/A", "<NA>", "None", "\\N")
_LONGEST_MISSING = max(map(len, MISSING))
# What ends a line of a vocabulary file.
LINE_BREAKS = r"[\r\n]"
# Bytes of printable ASCII without the blank.
_FIRST_PLAIN, _LAST_PLAIN = 0x21, 0x7E


def is_plain(values: pl.Series) -> bool:
    """Whether text holds printable ASCII alone, so no blanks and no line breaks of any kind."""
    content = _content(values)
    if not content.size:
        return True
    return bool(content.min() >= _FIRST_PLAIN and content.max() <= _LAST_PLAIN)


def holds_byte(values: pl.Series, byte: bytes) -> bool:
    """Whether an ASCII character stands anywhere in text."""
    return bool((_content(values) == ord(byte)).any())


def stripped(values: pl.Series) -> pl.Series:
    """Text without surrounding blanks."""
    return values if is_plain(values) else values.str.strip_chars()


def text_or_missing(values: pl.Series) -> pl.Series:
    """Text without surrounding blanks; null where the text says that there is no value."""
    text = stripped(values)
    short = text.str.len_bytes() <= _LONGEST_MISSING
    if not short.any():
        return text
    return text.set((short & text.is_in(MISSING)).fill_null(True), None)


def _content(values: pl.Series) -> NDArray[np.uint8]:
    """The bytes of all values, one after the other."""
    arrow = values.drop_nulls().to_arrow(compat_level=pl.CompatLevel.oldest())
    offsets, data = arrow.buffers()[1:]
    if not len(arrow) or data is None:
        return np.empty(0, np.uint8)
    ends = np.frombuffer(offsets, np.int64)[arrow.offset : arrow.offset + len(arrow) + 1]
    return np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
