"""The fold's tiles of many users as a column: what the online side goes on from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from transform.aggregation.categories import Categories
from transform.aggregation.user_aggregates import EventColumns
from transform.state import Tile
from transform.windows import UserWindow, reach

TILES = "tiles"

_KEY = ("hop", "number", "event_type", "feature", "category")
_CELL = pl.Struct(
    {
        "hop": pl.Int64,
        "number": pl.Int64,
        "event_type": pl.String,
        "feature": pl.String,
        "category": pl.String,
        "count": pl.Int64,
    }
)


def user_tiles(
    windows: tuple[UserWindow, ...],
    events: EventColumns,
    types: Sequence[str],
    categories: Mapping[str, Categories],
) -> pl.Series:
    """The tiles of each user after all its events, equal to those of `apply`.

    Args:
        windows: Declared windows.
        events: Events of whole users.
        types: Code -> event type.
        categories: Values by item code of each feature that a window is `by`.

    Returns:
        A list of cells for each user: hop (seconds), number of the tile, event type, category
        feature, category, count.
    """
    users = pl.DataFrame({"user": np.arange(len(events.offsets) - 1)})
    cells = [pl.DataFrame(schema={"user": pl.Int64, **dict(_CELL)})]
    for hop, hops in reach(windows).items():
        counted = {(name, w.by) for w in windows if w.hop == hop for name in w.types}
        parts = [_events(events, types, name, by, categories) for name, by in counted]
        tiles = pl.concat(parts).with_columns(
            hop=pl.lit(hop, pl.Int64), number=pl.col("time").floordiv(hop)
        )
        near = pl.col("number") >= pl.col("number").max().over("user") - hops
        cells.append(
            tiles.filter(near)
            .group_by("user", *_KEY)
            .agg(count=pl.len().cast(pl.Int64))
            .select("user", *dict(_CELL))
        )
    column = pl.concat(cells).sort("user", *_KEY)
    column = column.select("user", pl.struct(pl.exclude("user")).alias(TILES))
    column = column.group_by("user", maintain_order=True).agg(TILES)
    lists = users.join(column, on="user", how="left", maintain_order="left")[TILES]
    return lists.fill_null(pl.Series([[]], dtype=pl.List(_CELL)))


def load_tiles(cells: Iterable[Mapping[str, int | str]]) -> dict[int, tuple[Tile, ...]]:
    """The tiles of a user's state from its cells, as `user_tiles` orders them."""
    tiles: dict[int, dict[int, dict[tuple[str, str], dict[str, int]]]] = {}
    for cell in cells:
        hop, number, event_type, feature, category, count = cell.values()
        counts = tiles.setdefault(int(hop), {}).setdefault(int(number), {})
        counts.setdefault((str(event_type), str(feature)), {})[str(category)] = int(count)
    return {
        hop: tuple(Tile(number, counts) for number, counts in numbered.items())
        for hop, numbered in tiles.items()
    }


def _events(
    events: EventColumns,
    types: Sequence[str],
    event_type: str,
    by: str | None,
    categories: Mapping[str, Categories],
) -> pl.DataFrame:
    """One row for each event of a type, or for each category of its item."""
    code = types.index(event_type) if event_type in types else -1
    place = np.flatnonzero(events.type == code)
    if by is None:
        names = pl.Series([""], dtype=pl.String).gather(np.zeros_like(place))
    else:
        counts, codes = categories[by].of_items(events.item[place])
        place, names = np.repeat(place, counts), categories[by].names.gather(codes)
    user = np.searchsorted(events.offsets, place, side="right") - 1
    return pl.DataFrame({"user": user, "time": events.time[place], "category": names}).with_columns(
        event_type=pl.lit(event_type), feature=pl.lit(by or "")
    )
