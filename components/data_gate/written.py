"""The written rows of some users, to be held against what the log gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import polars.selectors as cs

from components.data_gate.certificate import CUT_OFF
from components.data_gate.comparison import (
    LEARNED,
    Difference,
    Rows,
    View,
    compare,
    whole,
    without_columns,
)
from components.data_gate.declared import Declared
from components.example_columns import ValueType, read_batches
from transform import features as f
from transform.event_log import user_keys

_KINDS: dict[pl.DataType, ValueType] = {
    pl.List(pl.Binary): "bytes",
    pl.List(pl.Int64): "int",
    pl.List(pl.Float32): "float",
}


def compare_with_written(
    expected: Rows,
    examples: Mapping[str, Sequence[str]],
    users: Sequence[str],
    declared: Declared,
    *,
    shown: bool,
) -> Difference:
    """Compares rows with those that were written for the same users.

    Left out is what the rows of a few users cannot tell: what comes from the events of others,
    and sampled candidates, which are drawn from the whole shop.

    Args:
        expected: Rows of the users, built from the log.
        examples: Folders of the written splits.
        users: The users of the expected rows, and maybe others around them in the files.
        declared: What the rows are made by.
        shown: Whether candidates are what users were shown; else they are sampled.
    """
    found = Difference(CUT_OFF)
    unknown = declared.shared | (frozenset() if shown else declared.listed)
    view: dict[str, View] = {f.TRAIN: whole, f.RANKING: without_columns(unknown)}
    ours = {split: _as_written(expected[split]) for split in LEARNED}
    written = {split: _written(examples[split], ours[split], users) for split in LEARNED}
    compare(ours, written, view, found)
    return found


def _written(uris: Sequence[str], like: pl.DataFrame, users: Sequence[str]) -> pl.DataFrame:
    """The written rows of the users of other rows, with the same columns.

    Users lie in the order of a hash, so the reading ends where all of them must have come.
    """
    columns = {name: _KINDS[dtype] for name, dtype in like.schema.items()}
    last = user_keys(users).max(initial=np.uint64(0))
    wanted = like[f.USER_ID].list.first().unique().implode()
    found = [like.clear()]
    for _, frame in read_batches(uris, columns):
        user = pl.col(f.USER_ID).list.first()
        if user_keys([frame[f.USER_ID][0][0].decode()])[0] > last:
            break
        found.append(frame.filter(user.is_in(wanted)))
    return pl.concat(found)


def _as_written(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as they are read again: an absent feature is an empty list."""
    return rows.select(
        cs.list(cs.integer()).fill_null([]).cast(pl.List(pl.Int64)),
        cs.list(cs.float()).fill_null([]).cast(pl.List(pl.Float32)),
        cs.list(cs.binary()).fill_null([]),
    )
