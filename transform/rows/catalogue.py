"""Rows of the catalogue: every item, as it was when the training period ended."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from transform import features as f
from transform.aggregates import MOMENTS
from transform.reading.sources import AVAILABLE_FROM, AVAILABLE_TO
from transform.rows.columns import feature_column, lists, scalars
from transform.rows.shop import Shop

_AVAILABILITY = {AVAILABLE_FROM: f.ITEM_AVAILABLE_FROM, AVAILABLE_TO: f.ITEM_AVAILABLE_TO}


def catalogue_rows(
    shop: Shop, items: pl.DataFrame | None, trained_until: int, known_until: int
) -> pa.RecordBatch:
    """One row for each item of the items table and of the log, in the order of the ids.

    Args:
        shop: Items of the log, and their tiles.
        items: `item_id`, candidate features, and availability where the table has it.
        trained_until: The first moment whose item aggregates they show (unix seconds).
        known_until: The second.
    """
    code, types = np.arange(len(shop.items)), shop.types.to_list()
    then, now = (
        shop.days.item_values(shop.aggregates, types, code, moment)
        for moment in (trained_until, known_until)
    )
    values = {name: np.stack([then[name], now[name]], axis=1) for name in then}
    seen = pl.DataFrame(
        {
            f.ITEM_ID: shop.items,
            f.ITEM_COUNT: shop.item_counts,
            **{name: pl.Series(of_item).arr.to_list() for name, of_item in values.items()},
        }
    )
    return described_rows(seen, items, shop.features)


def described_rows(
    seen: pl.DataFrame, items: pl.DataFrame | None, features: Sequence[f.Feature]
) -> pa.RecordBatch:
    """One row for each item that is known from behaviour or described.

    Args:
        seen: `item_id`, and numbers from the log or lists of `MOMENTS` of them, which are 0 for the
            other items.
        items: `item_id`, candidate features, and availability where the table has it.
        features: Declared features.
    """
    if items is None:
        table = seen
    else:
        table = seen.join(items, on=f.ITEM_ID, how="full", coalesce=True).sort(f.ITEM_ID)
    columns = {
        f.ITEM_ID: scalars(table[f.ITEM_ID]),
        **{name: _numbers(table[name]) for name in seen.columns if name != f.ITEM_ID},
    }
    for feature in f.candidate_features(features):
        columns[feature.name] = feature_column(table[feature.name], feature)
    for column, key in _AVAILABILITY.items():
        if column in table.columns:
            columns[key] = scalars(table[column].cast(pl.Int64))
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def _numbers(values: pl.Series) -> pa.Array:
    if values.dtype != pl.List:
        return scalars(values.fill_null(0))
    nothing = pl.Series([[0.0] * MOMENTS], dtype=values.dtype)
    each = values.to_frame().select(pl.first().fill_null(pl.lit(nothing)).explode()).to_series()
    return lists(each, np.full(len(values), MOMENTS))
