"""What a person would call the items."""

from __future__ import annotations

import polars as pl

from pipeline.settings import Settings
from transform.features import ITEM_ID, Kind, candidate_features
from transform.reading.raw_columns import Wanted
from transform.reading.raw_tables import read_raw
from transform.reading.values import id_column

_USUAL = ("title", "item_name", "product_name", "movie_title", "product_title", "name", "headline")


def item_titles(settings: Settings) -> dict[str, str]:
    """Item id -> title, from the items table.

    A column that is called like a title, else the first declared text feature. Empty where there
    is no items table, or nothing like a title in it.

    Raises:
        DataError: The items table cannot be read.
    """
    table = settings.data.items
    if table is None:
        return {}
    texts = [f.name for f in candidate_features(settings.features) if f.kind is Kind.TEXT]
    names = [*_USUAL, *(name.title() for name in _USUAL), *texts]
    wanted = Wanted("items", [ITEM_ID], optional=list(dict.fromkeys([*names, *table.columns])))
    titles: dict[str, str] = {}
    for raw in read_raw(table, wanted):
        found = next((name for name in names if name in raw.frame.columns), None)
        if found is not None:
            ids, _ = id_column(raw.frame[ITEM_ID], f"The column {ITEM_ID!r} of {raw.file}")
            values = raw.frame[found].cast(pl.String)
            titles |= {i: t for i, t in zip(ids, values, strict=True) if i and t}
    return titles


def readable(item_id: str, titles: dict[str, str]) -> str:
    """The title of an item, or its id where it has none."""
    return titles.get(item_id, item_id)
