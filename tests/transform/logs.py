"""Small logs written by hand, and how the tests of the data side build rows from them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from tests.transform.whole_log import Data, read_data
from transform.event_log import EventLog, Histories, offsets_of, ranges
from transform.features import Feature
from transform.rows.shop import Shop
from transform.settings import DataSettings, ExampleSettings, SplitSettings, Table
from transform.splits import PeriodSummary, assign_periods, refuse_empty_splits

LEAVE_ONE_OUT = SplitSettings(protocol="leave_one_out")


@dataclass(frozen=True)
class Dataset:
    """A log that is read, divided into periods, and aggregated; small enough for memory."""

    data: Data
    log: EventLog
    shop: Shop


def frame(rows: Sequence[tuple], extra: dict[str, Sequence] | None = None) -> pl.DataFrame:
    """Normalised events from (user, item, time) or (user, item, time, type)."""
    whole = [row if len(row) == 4 else (*row, "interaction") for row in rows]
    columns = {"user_id": pl.String, "item_id": pl.String, "event_time": pl.Int64}
    events = pl.DataFrame(whole, schema={**columns, "event_type": pl.String}, orient="row")
    return events.with_columns(pl.Series(name, values) for name, values in (extra or {}).items())


def write_dataset(
    folder: Path,
    rows: Sequence[tuple],
    *,
    features: Sequence[Feature] = (),
    items: pl.DataFrame | None = None,
    users: pl.DataFrame | None = None,
    split: SplitSettings = LEAVE_ONE_OUT,
    examples: ExampleSettings | None = None,
    seed: int = 1,
    extra: dict[str, Sequence] | None = None,
) -> Dataset:
    """Writes the tables as Parquet and loads them as a run would.

    Raises:
        DataError: If a dataset breaks a rule of the data contract.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"events": frame(rows, extra), "items": items, "users": users}
    for name, table in tables.items():
        if table is not None:
            table.write_parquet(folder / f"{name}.parquet")
    settings = DataSettings(
        **{
            name: Table(path=str(folder / f"{name}.parquet"))
            for name, table in tables.items()
            if table is not None
        }
    )
    read = read_data(settings, features)
    shape = examples or ExampleSettings()
    log = EventLog.of(read.events.frame, read.users, shape.impression_type)
    log = log.with_period(assign_periods(log.histories, split))
    refuse_empty_splits(PeriodSummary.of(log.histories, split), split)
    return Dataset(read, log, Shop.close(log, features, split, shape, seed))


def taken(histories: Histories, users: np.ndarray) -> Histories:
    """The histories of some users, in the order given."""
    counts = np.diff(histories.offsets)[users]
    events = histories.events[ranges(histories.offsets[users], counts)]
    return replace(
        histories, users=histories.users[users], offsets=offsets_of(counts), events=events
    )
