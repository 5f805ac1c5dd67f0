"""A log small enough for memory, read, divided and aggregated by the code that the job runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transform.event_log import EventLog
from transform.features import Feature
from transform.settings import DataSettings, ExampleSettings, SplitSettings
from transform.shop import Shop
from transform.sources import Data, read_data
from transform.splits import PeriodSummary, assign_periods, refuse_empty_splits


@dataclass(frozen=True)
class Dataset:
    """A log that is read, divided into periods, and aggregated.

    Attributes:
        data: The normalised datasets.
        log: The events in columns, with their periods.
        shop: What all rows share, closed at the end of the training period.
    """

    data: Data
    log: EventLog
    shop: Shop


def load_dataset(
    data: DataSettings,
    features: Sequence[Feature],
    split: SplitSettings,
    examples: ExampleSettings,
    seed: int,
) -> Dataset:
    """Reads, checks, divides and aggregates a log.

    Raises:
        DataError: If a dataset breaks a rule of the data contract.
    """
    read = read_data(data, features)
    log = EventLog.of(read.events.frame, read.users, examples.impression_type)
    log = log.with_period(assign_periods(log.histories, split))
    refuse_empty_splits(PeriodSummary.of(log.histories), split)
    return Dataset(read, log, Shop.close(log, features, split, examples, seed))
