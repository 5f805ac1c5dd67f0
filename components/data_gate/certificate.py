"""The leakage certificate: no training row changes, whatever happens later.

Every event after the training period is deleted, then replaced by another one, and the rows of a
sample of users are built again. A training row that differs saw its future, and the certificate
names the feature that let it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyarrow as pa

from transform import features as f
from transform.dataset import Dataset
from transform.event_log import PERIOD, EventLog
from transform.rows import Shop, build_rows
from transform.splits import TRAINING

Rows = Mapping[str, pa.RecordBatch]
# Events with their periods, ids of users -> the rows of these users, by split.
Build = Callable[[pl.DataFrame, pl.Series], Rows]

# Rows that models learn from.
LEARNED = (f.TRAIN, f.RANKING)
_MONTH_SECONDS = 30 * 24 * 3600


@dataclass
class Difference:
    """What differs between two builds of the same rows.

    Attributes:
        rows: Rows compared, by split.
        changed: Rows that differ, by split and feature.
    """

    rows: Counter[str] = field(default_factory=Counter)
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)


def builder(dataset: Dataset) -> Build:
    """The build under test: the log is encoded, aggregated and folded from its events anew."""

    def build(events: pl.DataFrame, users: pl.Series) -> Rows:
        log = EventLog.of(events, dataset.data.users)
        old = dataset.shop
        shop = Shop.close(log, old.features, old.split, old.examples, old.seed)
        chosen = log.histories.users[f.USER_ID].is_in(users.implode())
        return build_rows(log.histories.take(np.flatnonzero(chosen)), shop)

    return build


def certify(
    original: Rows, events: pl.DataFrame, users: pl.Series, build: Build, seed: int
) -> Difference:
    """Builds the rows of some users with every later event deleted, and with it replaced.

    Args:
        original: Their rows as they are, for comparison.
        events: The log with its periods.
        users: Ids of the users.
        build: What builds rows.
        seed: Seed of the replacement.
    """
    found = Difference()
    for altered in (without_future(events), with_other_future(events, seed)):
        compare(original, build(altered, users), found)
    return found


def without_future(events: pl.DataFrame) -> pl.DataFrame:
    """The events of the training period."""
    return events.filter(pl.col(PERIOD) == TRAINING)


def with_other_future(events: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The log with the later events replaced: other items, types and times, in other contexts."""
    rng = np.random.default_rng(seed)
    future = events.filter(pl.col(PERIOD) != TRAINING)
    rows = len(future)
    items = future[f.ITEM_ID].sample(rows, shuffle=True, seed=seed)
    unheard_of = pl.Series(rng.random(rows) < 0.5)
    other = future.select(
        f.USER_ID,
        pl.when(unheard_of).then("certificate " + items).otherwise(items).alias(f.ITEM_ID),
        (pl.col(f.EVENT_TYPE) + " certificate").alias(f.EVENT_TYPE),
        pl.col(f.EVENT_TIME) + pl.Series(rng.integers(1, _MONTH_SECONDS, rows)),
        PERIOD,
        *(
            future[name].sample(rows, shuffle=True, seed=seed)
            for name in future.columns
            if name not in (f.USER_ID, f.ITEM_ID, f.EVENT_TYPE, f.EVENT_TIME, PERIOD)
        ),
    )
    return pl.concat([without_future(events), other.select(events.columns)])


def compare(original: Rows, rebuilt: Rows, found: Difference) -> None:
    """Counts the learned rows that differ, by feature."""
    for split in LEARNED:
        before, after = original[split], rebuilt[split]
        found.rows[split] += before.num_rows
        if before.num_rows != after.num_rows:
            found.changed[split, "number of rows"] += abs(before.num_rows - after.num_rows)
            continue
        for name in before.schema.names:
            if not before.column(name).equals(after.column(name)):
                pairs = zip(before.column(name), after.column(name), strict=True)
                found.changed[split, name] += sum(not a.equals(b) for a, b in pairs)
