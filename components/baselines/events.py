"""What baselines learn from and what they are asked, read from the example rows.

Every history is a prefix of its user's events. The longest prefix found in any row, cut where the
measured period begins, is therefore all that the rows tell of a user before it: all of the training
period, and of the validation period what led up to a row. Events after a user's last row of the
validation period (`split.max_rows_per_user`, `split.held_out`) are known only of those who have a
row in the measured one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from components.example_columns import ValueType, read_columns
from transform import features as keys

Ints = npt.NDArray[np.int64]

_QUERY: dict[str, ValueType] = {
    keys.USER_ID: "bytes",
    keys.HISTORY_ITEM_ID: "bytes",
    keys.HISTORY_TIME: "int",
    keys.REQUEST_TIME: "int",
}
_CATALOGUE: dict[str, ValueType] = {
    keys.ITEM_ID: "bytes",
    keys.ITEM_AVAILABLE_FROM: "int",
    keys.ITEM_AVAILABLE_TO: "int",
}
_HELD_OUT: dict[str, ValueType] = {**_QUERY, keys.TARGET_ITEM_ID: "bytes"}


@dataclass(frozen=True)
class Sequences:
    """Item sequences, one after the other.

    Attributes:
        row: Which sequence each event belongs to, non-decreasing [E].
        item: Item code of each event; oldest first within a sequence [E].
        time: Unix seconds of each event [E].
        rows: Number of sequences.
    """

    row: Ints
    item: Ints
    time: Ints
    rows: int


@dataclass(frozen=True)
class Requests:
    """Held-out requests: what the user had had, and what came next.

    Attributes:
        history: One sequence a request.
        target: Item code of the next event [R]; -1 where the catalogue does not hold it.
        time: When it was asked, unix seconds [R].
        available: From when on and before when an item may be shown, unix seconds [items, 2].
    """

    history: Sequences
    target: Ints
    time: Ints
    available: Ints

    def may_be_shown(self, rows: Ints, items: Ints) -> npt.NDArray[np.bool_]:
        """Whether items are available when requests ask; of indices that broadcast."""
        since, until = self.available[items, 0], self.available[items, 1]
        time = self.time[rows]
        allowed: npt.NDArray[np.bool_] = (since <= time) & (time < until)
        return allowed


class HeldOutData:
    """The rows of an examples artifact, as baselines need them.

    Args:
        split_uris: Folders of a split, by its name.
        by_time: Whether the periods are parted by time, else by each user's last events.
    """

    def __init__(self, split_uris: Callable[[str], Sequence[str]], *, by_time: bool) -> None:
        catalogue = read_columns(split_uris(keys.CATALOGUE), _CATALOGUE)
        # Codes follow the ids, so that ties are always broken in the same order.
        items = (
            catalogue.select(pl.col(*_CATALOGUE).list.first())
            .unique(keys.ITEM_ID, keep="first")
            .sort(keys.ITEM_ID)
        )
        self._codes = items.select(item=keys.ITEM_ID, code=pl.int_range(pl.len()))
        self._available = _limits(items)
        self._by_time = by_time
        self._train = read_columns(split_uris(keys.TRAIN), _QUERY)
        self._held_out = {
            split: read_columns(split_uris(split), _HELD_OUT)
            for split in (keys.VALIDATION, keys.EVAL)
        }

    @property
    def items(self) -> int:
        """Number of items in the catalogue."""
        return len(self._codes)

    def requests(self, split: str) -> Requests:
        """The requests of `validation` or `eval`, in file order."""
        rows = self._held_out[split]
        history = self._sequences(
            rows.select(keys.HISTORY_ITEM_ID, keys.HISTORY_TIME).with_row_index("row")
        )
        target = rows.select(item=pl.col(keys.TARGET_ITEM_ID).list.first())
        codes = target.join(self._codes, on="item", how="left", maintain_order="left")["code"]
        time = rows[keys.REQUEST_TIME].list.first().to_numpy()
        return Requests(history, codes.fill_null(-1).to_numpy(), time, self._available)

    def events_before(self, split: str) -> Sequences:
        """Each user's events before the period of `validation` or `eval`, as far as rows tell."""
        measured = self._held_out[split]
        prefixes = [_joined_windows(self._train), _prefixes(measured, with_target=False)]
        if split == keys.EVAL:
            prefixes.append(_prefixes(self._held_out[keys.VALIDATION], with_target=True))
        longest = (
            pl.concat(prefixes)
            .sort(keys.USER_ID, pl.col(keys.HISTORY_ITEM_ID).list.len())
            .group_by(keys.USER_ID, maintain_order=True)
            .last()
        )
        known = self._sequences(longest.with_row_index("row"))
        if not self._by_time or measured.is_empty():
            return known
        start = measured[keys.REQUEST_TIME].list.first().to_numpy().min()
        before = known.time < start
        return Sequences(known.row[before], known.item[before], known.time[before], known.rows)

    def _sequences(self, rows: pl.DataFrame) -> Sequences:
        events = (
            rows.select("row", item=pl.col(keys.HISTORY_ITEM_ID), time=pl.col(keys.HISTORY_TIME))
            .explode("item", "time")
            .join(self._codes, on="item", how="inner", maintain_order="left")
        )
        return Sequences(
            events["row"].cast(pl.Int64).to_numpy(),
            events["code"].to_numpy(),
            events["time"].to_numpy(),
            len(rows),
        )


def _limits(items: pl.DataFrame) -> Ints:
    """From when on and before when each item may be shown, as the recommender reads it [items, 2].

    A limit that is missing or 0 is none.
    """
    until = pl.col(keys.ITEM_AVAILABLE_TO).replace(0, None).fill_null(np.iinfo(np.int64).max)
    return items.select(pl.col(keys.ITEM_AVAILABLE_FROM).fill_null(0), until).to_numpy()


def _prefixes(rows: pl.DataFrame, *, with_target: bool) -> pl.DataFrame:
    """The history of each held-out row, with the item that came next or without."""
    if with_target:
        rows = rows.with_columns(
            pl.col(keys.HISTORY_ITEM_ID).list.concat(pl.col(keys.TARGET_ITEM_ID)),
            pl.col(keys.HISTORY_TIME).list.concat(pl.col(keys.REQUEST_TIME)),
        )
    return rows.select(pl.col(keys.USER_ID).list.first(), keys.HISTORY_ITEM_ID, keys.HISTORY_TIME)


def _joined_windows(rows: pl.DataFrame) -> pl.DataFrame:
    """Training windows, of which each repeats the last event of the one before, as one history."""
    user = pl.col(keys.USER_ID).list.first()
    first = pl.int_range(pl.len()).over(user) == 0
    kept = [
        pl.when(first).then(pl.col(name)).otherwise(pl.col(name).list.slice(1)).alias(name)
        for name in (keys.HISTORY_ITEM_ID, keys.HISTORY_TIME)
    ]
    windows = rows.sort(pl.col(keys.REQUEST_TIME).list.first(), maintain_order=True)
    return (
        windows.select(user, *kept)
        .group_by(keys.USER_ID, maintain_order=True)
        .agg(pl.col(keys.HISTORY_ITEM_ID).explode(), pl.col(keys.HISTORY_TIME).explode())
    )
