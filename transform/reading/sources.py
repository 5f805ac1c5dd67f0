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
from transform.reading.values import feature_values, refuse_line_breaks
from transform.settings import DataSettings, Table

# Columns of the items table that are used where it has them: since when a row holds, and from when
# and until when the item may be shown.
VALID_FROM = "valid_from"
AVAILABLE_FROM = "available_from"
AVAILABLE_TO = "available_to"
_TIMES = {
    name: Feature(name=name, side=Side.CANDIDATE, kind=Kind.TIME)
    for name in (VALID_FROM, AVAILABLE_FROM, AVAILABLE_TO)
}


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
        `item_id`, the candidate features and, where any file has them, `available_from` and
        `available_to`; None without the table.

    Raises:
        DataError: If it breaks a rule of the data contract.
    """
    raws, declared = _read(data.items, "items", ITEM_ID, features, Side.CANDIDATE, [*_TIMES])
    if data.items is None:
        return None
    held = {name: _TIMES[name] for name in _TIMES if any(name in r.frame.columns for r in raws)}
    others = [feature for feature in declared if feature.name not in held]
    dated = [_dated(raw, held) for raw in raws]
    frame = _normalised(dated, ITEM_ID, [*others, *held.values()], data.items)
    refuse_line_breaks(frame[ITEM_ID], f"The column `{ITEM_ID}` of {data.items.path}")
    declared_names = [feature.name for feature in declared]
    limits = [name for name in held if name not in (VALID_FROM, *declared_names)]
    names = [ITEM_ID, *declared_names, *limits]
    rows = _latest(frame, as_of) if VALID_FROM in held else _first(frame, ITEM_ID)
    return rows.select(names)


def _dated(raw: RawTable, times: Iterable[str]) -> RawTable:
    """The same rows, without a limit where their file does not have one of the times."""
    missing = [name for name in times if name not in raw.frame.columns]
    if not missing:
        return raw
    empty = (pl.lit(None, pl.String).alias(name) for name in missing)
    return replace(raw, frame=raw.frame.with_columns(empty))


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
