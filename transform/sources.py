"""The three datasets, read and normalised: the data contract, held against the user's files."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from transform.errors import DataError
from transform.event_source import Events, IdKinds, read_events
from transform.features import ITEM_ID, USER_ID, Feature, Side
from transform.raw_tables import RawTable, Wanted, read_raw
from transform.settings import DataSettings, Table
from transform.values import feature_values


@dataclass(frozen=True)
class Data:
    """The three datasets, normalised.

    Attributes:
        events: The log.
        items: `item_id` and candidate features, an item once; None without an items table.
        users: `user_id` and query features, a user once; None without a users table.
    """

    events: Events
    items: pl.DataFrame | None = None
    users: pl.DataFrame | None = None


def read_data(
    data: DataSettings, features: Iterable[Feature] = (), *, now: float | None = None
) -> Data:
    """Reads and checks all datasets.

    Args:
        data: Where they lie.
        features: Declared features.
        now: The present in unix seconds, which future-dated events are held against; by default
            the time of the call.

    Raises:
        DataError: If a dataset breaks a rule of the data contract.
    """
    declared = list(features)
    of = {side: [feature for feature in declared if feature.side is side] for side in Side}
    events = read_events(data, of[Side.CONTEXT], now=time.time() if now is None else now)
    return Data(
        events,
        items=_read_entities(data.items, "items", ITEM_ID, of[Side.CANDIDATE]),
        users=_read_entities(data.users, "users", USER_ID, of[Side.QUERY]),
    )


def _read_entities(
    table: Table | None, name: str, key: str, features: Sequence[Feature]
) -> pl.DataFrame | None:
    """The items or users table; of rows with the same id the first counts."""
    if table is None:
        if features:
            raise DataError(
                f"A feature of side `{features[0].side}` comes from the {name} table. Received: "
                f"the feature {features[0].name!r}, but no `data.{name}`. Add the table, or "
                "remove the feature."
            )
        return None
    wanted = Wanted(name, required=[key, *(feature.name for feature in features)])
    kinds = IdKinds()
    parts = [_entities(raw, key, features, kinds, table) for raw in read_raw(table, wanted)]
    return (
        pl.concat(parts)
        .filter(pl.col(key).is_not_null())
        .unique(key, keep="first", maintain_order=True)
    )


def _entities(
    raw: RawTable, key: str, features: Sequence[Feature], kinds: IdKinds, table: Table
) -> pl.DataFrame:
    columns = [kinds.column(raw, key).alias(key)]
    for feature in features:
        where = f"The column `{feature.name}` of {raw.file}"
        values = feature_values(raw.frame[feature.name], feature, where, table.time_unit)
        columns.append(values.alias(feature.name))
    return pl.DataFrame(columns)
