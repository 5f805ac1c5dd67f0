"""Which impressions of a log led to deeds: credited as the training rows are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from transform.rows.crediting import credited_impressions

_ROW = "#row"


def led_to_deeds(
    shown: pl.DataFrame,
    deeds: pl.DataFrame,
    *,
    of: Sequence[str],
    listed: str,
    time: str,
    window: int,
) -> pl.Series:
    """Whether each impression led to a deed.

    Args:
        shown: Impressions.
        deeds: What users did.
        of: Columns of both that tell the user and the item.
        listed: Column of both that tells the list; a deed may name none (null).
        time: Column of both, in seconds.
        window: How long ago an impression may be, in seconds.

    Returns:
        bool [impressions].
    """
    # At the same time, what was shown comes before what was done with it.
    both = pl.concat([shown.select(*of, listed, time), deeds.select(*of, listed, time)])
    events = both.with_row_index(_ROW).sort(time, _ROW)
    row = events[_ROW].to_numpy()
    *who, request = (_codes(events[name]) for name in (*of, listed))
    place = credited_impressions(who, request, events[time].to_numpy(), row < len(shown), window)
    led = np.zeros(len(shown), np.bool_)
    led[row[place[place >= 0]]] = True
    return pl.Series(led)


def _codes(column: pl.Series) -> npt.NDArray[np.int64]:
    """Equal values have equal numbers, from 1; null is 0."""
    return column.rank("dense").fill_null(0).to_numpy().astype(np.int64)
