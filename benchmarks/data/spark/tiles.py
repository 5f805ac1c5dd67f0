"""Item-side aggregates as one dense array of running counts, small enough for every worker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmarks.data.job import DAY, Aggregate

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Tiles:
    """Running counts of events.

    Attributes:
        items: Item ids; the place of one is its code.
        trained: Training behaviours of each item [items].
        first_day: The first day of the log.
        running: Type -> events of an item before a day [items, days + 2].
    """

    items: pa.Array
    trained: Ints
    first_day: int
    running: dict[str, NDArray[np.int32]]

    @classmethod
    def of(cls, counts: pa.Table, trained: pa.Table, types: set[str]) -> Tiles:
        """Lays out `item_id`, `event_type`, `day`, `events`, and training counts by item."""
        items = pc.unique(counts["item_id"]).sort()
        code, day = _codes(counts["item_id"], items), counts["day"].to_numpy()
        events, first_day = counts["events"].to_numpy(), int(day.min())
        running = {}
        for event_type in types:
            grid = np.zeros((len(items), int(day.max()) - first_day + 2), np.int32)
            mine = pc.equal(counts["event_type"], event_type).to_numpy()
            grid[code[mine], day[mine] - first_day + 1] = events[mine]
            running[event_type] = grid.cumsum(axis=1, dtype=np.int32)
        count = np.zeros(len(items), np.int64)
        count[_codes(trained["item_id"], items)] = trained["events"].to_numpy()
        return cls(items, count, first_day, running)

    def codes(self, item_ids: pa.Array) -> Ints:
        """Codes of item ids; -1 for an item without events."""
        return _codes(item_ids, self.items)

    def values(self, aggregate: Aggregate, code: Ints, time: Ints) -> NDArray[np.float32]:
        """An aggregate as requests at some times see it: the whole days before theirs."""
        day = time // DAY - self.first_day

        def counted(event_type: str) -> Ints:
            grid = self.running[event_type]
            last = grid.shape[1] - 1
            until = np.clip(day, 0, last)
            since = np.clip(day - aggregate.days, 0, last)
            counts = grid[code, until] - grid[code, since]
            return np.where(code < 0, 0, counts)

        count = counted(aggregate.event_type)
        if aggregate.per is None:
            return count.astype(np.float32)
        per = counted(aggregate.per)
        rate = np.divide(count, per, out=np.zeros(len(count)), where=per > 0)
        return rate.astype(np.float32)


def _codes(values: pa.Array, vocabulary: pa.Array) -> Ints:
    places = pc.index_in(values, vocabulary)
    codes: Ints = pc.fill_null(places, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes
