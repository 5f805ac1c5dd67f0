"""Item-side and global aggregates: counts of events by item, day (UTC) and type.

A day's tile is closed when the day is over. A request on day d reads whole days before d and never
its own, so neither its own event nor anything later can reach it, and everybody who asks on that
day reads the same values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.aggregates import DAY_SECONDS, Aggregate, Of, aggregates_of
from transform.aggregation.running_totals import (
    DAY_BITS,
    DAY_ZERO,
    RunningTotals,
    day_keys,
    items_and_days,
    running_totals,
)
from transform.event_log import ITEM

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class DayTiles:
    """Events of each item, type and day; the same table whatever the order of merging.

    Attributes:
        table: item and `type` (codes), `day` (days since 1970), `count`, all int64, one row for
            each day on which the item had an event of the type, in the order of the first three.
    """

    table: pl.DataFrame

    @classmethod
    def of(cls, item: Ints, time: Ints, type_: Ints) -> DayTiles:
        """Counts events.

        Args:
            item: Item code of each event (int64 [N]).
            time: Unix seconds (int64 [N]).
            type_: Code of its type (int64 [N]).
        """
        events = pl.DataFrame({ITEM: item, "type": type_, "day": time // DAY_SECONDS})
        return cls._sum(events.cast(pl.Int64).with_columns(count=pl.lit(1, pl.Int64)))

    @classmethod
    def merge(cls, tiles: Sequence[DayTiles]) -> DayTiles:
        """Adds the tiles of the parts of a log; at least one."""
        return cls._sum(pl.concat(part.table for part in tiles))

    @classmethod
    def _sum(cls, counts: pl.DataFrame) -> DayTiles:
        # One number for three: grouping and sorting are several times faster so.
        types = int(counts["type"].max() or 0) + 1  # type: ignore[arg-type]
        place = pl.col(ITEM) * types + pl.col("type")
        key = place * (1 << DAY_BITS) + pl.col("day") + DAY_ZERO
        summed = counts.group_by(key.alias("key")).agg(pl.col("count").sum()).sort("key")
        place = pl.col("key") // (1 << DAY_BITS)
        return cls(
            summed.select(
                (place // types).alias(ITEM),
                type=place % types,
                day=pl.col("key") % (1 << DAY_BITS) - DAY_ZERO,
                count=pl.col("count"),
            )
        )

    def item_values(
        self,
        aggregates: Sequence[Aggregate],
        types: Sequence[str],
        item: Ints,
        time: Ints | int,
    ) -> dict[str, Floats]:
        """Item aggregates as requests read them.

        Args:
            aggregates: Declared aggregates; those of items count.
            types: Code -> event type.
            item: Item codes (int64 [M]).
            time: Time of the request of each, unix seconds (int64 [M]), or of all.

        Returns:
            float32 [M] by name.
        """
        declared = aggregates_of(aggregates, Of.ITEM)
        return _values(self, declared, types, item, np.broadcast_to(time, item.shape))

    def shop_values(
        self, aggregates: Sequence[Aggregate], types: Sequence[str], time: Ints
    ) -> dict[str, Floats]:
        """Global aggregates as requests at `time` (unix seconds, int64 [R]) read them.

        Returns:
            float32 [R] by name.
        """
        declared = aggregates_of(aggregates, Of.ALL)
        return _values(self._shop, declared, types, np.zeros_like(time), time)

    @cached_property
    def _shop(self) -> DayTiles:
        return self._sum(self.table.with_columns(pl.lit(0, pl.Int64).alias(ITEM)))

    @cached_property
    def by_type(self) -> dict[int, RunningTotals]:
        """Code of a type -> events of each item before each day."""
        return {
            int(tiles["type"][0]): running_totals(
                *(tiles[name].to_numpy() for name in (ITEM, "day", "count"))
            )
            for tiles in self.table.partition_by("type")
        }

    @cached_property
    def first_days(self) -> tuple[Ints, Ints]:
        """Items with events, ascending, and the day of the first event of each."""
        first = self.table.group_by(ITEM).agg(pl.col("day").min()).sort(ITEM)
        return first[ITEM].to_numpy(), first["day"].to_numpy()


def _values(
    tiles: DayTiles, aggregates: Sequence[Aggregate], types: Sequence[str], item: Ints, time: Ints
) -> dict[str, Floats]:
    """Looks aggregates up, each item and day once."""
    if not aggregates or not len(item):
        return {aggregate.name: np.zeros(len(item), np.float32) for aggregate in aggregates}
    lookup = _Lookup(tiles, types, item, time // DAY_SECONDS)
    return {aggregate.name: lookup.value(aggregate) for aggregate in aggregates}


class _Lookup:
    """One set of items and days, looked up in a table of tiles."""

    def __init__(self, tiles: DayTiles, types: Sequence[str], item: Ints, day: Ints) -> None:
        self._tiles = tiles
        self._codes = {name: code for code, name in enumerate(types)}
        # Candidates repeat items within a day, and sorted needles are found fast.
        asked = day_keys(item, day)
        order = np.argsort(asked)
        asked = asked[order]
        new = np.diff(asked, prepend=-1) > 0
        self._place = np.empty(len(asked), np.int64)
        self._place[order] = np.cumsum(new) - 1
        self._item, self._day = items_and_days(asked[new])

    def value(self, aggregate: Aggregate) -> Floats:
        """Values of an aggregate, float32 for each item and day asked for."""
        return self._unique_value(aggregate).astype(np.float32)[self._place]

    def _unique_value(self, aggregate: Aggregate) -> NDArray[np.float64]:
        if aggregate.age:
            return self._age().astype(np.float64)
        now, days = self._day, aggregate.days
        if aggregate.count is not None:
            return self._count(aggregate.count, now, days).astype(np.float64)
        if aggregate.trend is not None:
            recent = self._count(aggregate.trend, now, days)
            before = self._count(aggregate.trend, now - days, days)
            return np.log2((recent + 1.0) / (before + 1.0))
        events = self._count(aggregate.rate or "", now, days).astype(np.float64)
        per = self._count(aggregate.per or "", now, days)
        return np.divide(events, per, out=np.zeros_like(events), where=per > 0)

    def _count(self, event_type: str, until: Ints, days: int) -> Ints:
        """Events of the items in the `days` whole days before `until`."""
        totals = self._tiles.by_type.get(self._codes.get(event_type, -1))
        if totals is None:
            return np.zeros(len(until), np.int64)
        counts: Ints = totals.before(self._item, until) - totals.before(self._item, until - days)
        return counts

    def _age(self) -> Ints:
        """Days since the day of the item's first event; 0 while that day is not over."""
        items, days = self._tiles.first_days
        place = np.searchsorted(items, self._item)
        known = np.zeros(len(place), np.bool_)
        inside = place < len(items)
        known[inside] = items[place[inside]] == self._item[inside]
        age = np.zeros(len(place), np.int64)
        age[known] = np.maximum(0, self._day[known] - days[place[known]])
        return age
