"""Items and users, read and normalised: the data contract, held against the user's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from transform.errors import DataError
from transform.features import ITEM_ID, USER_ID, Feature, Kind, Side
from transform.reading.raw_columns import Wanted
from transform.reading.raw_formats import IdFormat, column_of, id_format, time_formats
from transform.reading.raw_tables import RawTable, read_raw
from transform.reading.times import TimeFormat
from transform.reading.values import feature_values
from transform.settings import DataSettings, Table

# Since when a row of the items table holds.
VALID_FROM = "valid_from"
_SINCE = Feature(name=VALID_FROM, side=Side.CANDIDATE, kind=Kind.TIME)


def read_items(
    data: DataSettings, features: Iterable[Feature], *, as_of: int | None = None
) -> pl.DataFrame | None:
    """The items table: an item once, in the order of first appearance.

    Of several rows of an item the first counts; where they say since when they hold
    (`valid_from`), the latest of those that hold.

    Args:
        data: Where it lies.
        features: Declared features.
        as_of: Rows that hold only later than this (unix seconds) are left out; None takes all.

    Returns:
        `item_id` and the candidate features; None without the table.

    Raises:
        DataError: If it breaks a rule of the data contract.
    """
    raws, declared = _read(data.items, "items", ITEM_ID, features, Side.CANDIDATE, [VALID_FROM])
    if data.items is None:
        return None
    names = [ITEM_ID, *(feature.name for feature in declared)]
    if any(VALID_FROM in raw.frame.columns for raw in raws):
        dated = [_dated(raw) for raw in raws]
        others = [feature for feature in declared if feature.name != VALID_FROM]
        frame = _normalised(dated, ITEM_ID, [*others, _SINCE], data.items)
        return _latest(frame, as_of).select(names)
    return _first(_normalised(raws, ITEM_ID, declared, data.items), ITEM_ID)


def _dated(raw: RawTable) -> RawTable:
    """The same rows, valid since ever where their file does not say since when."""
    if VALID_FROM in raw.frame.columns:
        return raw
    return replace(raw, frame=raw.frame.with_columns(pl.lit(None, pl.String).alias(VALID_FROM)))


def _latest(items: pl.DataFrame, as_of: int | None) -> pl.DataFrame:
    """The latest row of each item that holds, the first of equals; in the order of items."""
    since = pl.col(VALID_FROM)
    held = items if as_of is None else items.filter(since.is_null() | (since <= as_of))
    newest_first = held.sort(VALID_FROM, descending=True, nulls_last=True, maintain_order=True)
    return _first(held.select(ITEM_ID), ITEM_ID).join(
        _first(newest_first, ITEM_ID), on=ITEM_ID, maintain_order="left"
    )


def read_users(data: DataSettings, features: Iterable[Feature]) -> pl.DataFrame | None:
    """The users table: a user once, in the order of first appearance; the first row counts.

    Returns:
        `user_id` and the query features; None without the table.

    Raises:
        DataError: If it breaks a rule of the data contract.
    """
    raws, declared = _read(data.users, "users", USER_ID, features, Side.QUERY, [])
    if data.users is None:
        return None
    return _first(_normalised(raws, USER_ID, declared, data.users), USER_ID)


def _first(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    return rows.unique(key, keep="first", maintain_order=True)


def _read(
    table: Table | None,
    name: str,
    key: str,
    features: Iterable[Feature],
    side: Side,
    optional: Sequence[str],
) -> tuple[list[RawTable], list[Feature]]:
    """The rows of a table as files have them, and the features that it holds."""
    declared = [feature for feature in features if feature.side is side]
    if table is None:
        if declared:
            raise DataError(
                f"A feature of side `{side}` comes from the {name} table. Received: "
                f"the feature {declared[0].name!r}, but no `data.{name}`. Add the table, or "
                "remove the feature."
            )
        return [], declared
    wanted = Wanted(name, [key, *(feature.name for feature in declared)], optional)
    return list(read_raw(table, wanted)), declared


def _normalised(
    raws: Sequence[RawTable], key: str, features: Sequence[Feature], table: Table
) -> pl.DataFrame:
    ids = id_format(raws, key, table, one_kind=False)
    times = time_formats(raws, features, table.time_unit)
    frame = pl.concat([_columns(raw, key, ids, features, times) for raw in raws])
    return frame.filter(pl.col(key).is_not_null())


def _columns(
    raw: RawTable,
    key: str,
    ids: IdFormat,
    features: Sequence[Feature],
    times: Mapping[str, TimeFormat],
) -> pl.DataFrame:
    columns = [ids.ids(raw, key).alias(key)]
    for feature in features:
        where = column_of(raw, feature.name)
        values = feature_values(raw.frame[feature.name], feature, where, times.get(feature.name))
        columns.append(values.alias(feature.name))
    return pl.DataFrame(columns)
