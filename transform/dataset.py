"""From the settings of the data side to everything that the rows are built from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from transform.event_log import ITEM, TYPE, EventLog
from transform.features import (
    EVENT_TIME,
    HISTORY_EVENT_TYPE,
    HISTORY_ITEM_ID,
    HISTORY_TIME,
    USER_ID,
    Feature,
)
from transform.rows import Shop, held_out_events
from transform.settings import DataSettings, ExampleSettings, SplitSettings
from transform.sources import Data, read_data
from transform.splits import EVALUATING, assign_periods, refuse_empty_splits, targets_digest


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

    def eval_targets_digest(self) -> str:
        """SHA-256 of the test targets, see `targets_digest`."""
        histories = self.log.histories
        asked = held_out_events(histories, self.shop.split, EVALUATING)
        users = histories.users[USER_ID][histories.user_of_event[asked]]
        items = self.log.items.gather(histories.events[ITEM][asked])
        return targets_digest(zip(users, items, strict=True))

    def user_states(self) -> pl.DataFrame:
        """The fold's state of every user at the end of the log, as UserStates publishes it."""
        histories, keep = self.log.histories, self.shop.examples.max_history
        events = histories.events.select(
            pl.Series("user", histories.user_of_event),
            self.log.items.gather(histories.events[ITEM]).alias(HISTORY_ITEM_ID),
            self.log.types.gather(histories.events[TYPE]).alias(HISTORY_EVENT_TYPE),
            pl.col(EVENT_TIME).alias(HISTORY_TIME),
        )
        states = events.group_by("user", maintain_order=True).agg(pl.all().tail(keep))
        return pl.concat([histories.users, states.drop("user")], how="horizontal")


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
    log = EventLog.of(read.events.frame, read.users)
    log = log.with_period(assign_periods(log.histories, split))
    refuse_empty_splits(log.histories, split)
    return Dataset(read, log, Shop.close(log, features, split, examples, seed))
