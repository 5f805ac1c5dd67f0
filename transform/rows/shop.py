"""What the rows of every user share: vocabularies, closed tiles, and what the settings declare."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from transform.aggregates import Aggregate, Of, aggregates_of
from transform.aggregation.categories import Categories
from transform.aggregation.followers import Followers
from transform.aggregation.item_tiles import DayTiles
from transform.aggregation.tiles import NO_DAYS, ClosedTiles, close_tiles, open_tiles
from transform.event_log import ITEM, EventLog
from transform.features import ITEM_ID, Feature
from transform.rows.slices import NEVER, popularity_deciles
from transform.settings import ExampleSettings, SplitSettings


@dataclass(frozen=True)
class Shop:
    """What the rows of every user share.

    Attributes:
        items: Code -> item id.
        types: Code -> event type.
        tiles: Item-side aggregates, closed at the end of the training period.
        features: Declared features.
        split: How events are divided.
        examples: Shape of the rows.
        seed: Seed of the sampled candidates.
        aggregates: Declared aggregates.
        days: Item-side counts by day, of which a request reads the days that were over.
        categories: Values by item code of each feature that an aggregate is `by`.
    """

    items: pl.Series
    types: pl.Series
    tiles: ClosedTiles
    features: tuple[Feature, ...]
    split: SplitSettings
    examples: ExampleSettings
    seed: int
    aggregates: tuple[Aggregate, ...] = ()
    days: DayTiles = NO_DAYS
    categories: Mapping[str, Categories] = field(default_factory=dict)

    @classmethod
    def close(
        cls,
        log: EventLog,
        features: Sequence[Feature],
        split: SplitSettings,
        examples: ExampleSettings,
        seed: int,
        aggregates: Sequence[Aggregate] = (),
        items: pl.DataFrame | None = None,
    ) -> Shop:
        """Closes the tiles of a log whose periods are assigned.

        Args:
            log: The log.
            features: As in the class, like the rest.
            split: See there.
            examples: See there.
            seed: See there.
            aggregates: See there.
            items: `item_id` and candidate features, which categories come from.
        """
        tiles = open_tiles(log.histories, split, examples, aggregates)
        return cls(
            log.items,
            log.types,
            close_tiles([tiles], examples),
            tuple(features),
            split,
            examples,
            seed,
            tuple(aggregates),
            tiles.days,
            categories_of(log.items, items, features, aggregates),
        )

    @functools.cached_property
    def followers(self) -> Followers:
        """The co-view tile, indexed."""
        return Followers(self.tiles.co_view, len(self.items), self.examples.co_view_decay)

    @functools.cached_property
    def item_names(self) -> pa.BinaryArray:
        """Code -> item id, as it is written."""
        return self.items.to_arrow().cast(pa.binary())

    @functools.cached_property
    def type_names(self) -> pa.BinaryArray:
        """Code -> event type, as it is written."""
        return self.types.to_arrow().cast(pa.binary())

    @functools.cached_property
    def item_counts(self) -> NDArray[np.int64]:
        """Training behaviours of each item code."""
        counts = np.zeros(len(self.items), np.int64)
        counts[self.tiles.items[ITEM].to_numpy()] = self.tiles.items["count"].to_numpy()
        return counts

    @functools.cached_property
    def item_first_times(self) -> NDArray[np.int64]:
        """Time of the first training behaviour of each item code; `NEVER` where there is none."""
        times = np.full(len(self.items), NEVER, np.int64)
        times[self.tiles.items[ITEM].to_numpy()] = self.tiles.items["first_time"].to_numpy()
        return times

    @functools.cached_property
    def item_deciles(self) -> NDArray[np.int64]:
        """Popularity decile of each item code, as `popularity_deciles` counts."""
        return popularity_deciles(self.item_counts)


def categories_of(
    items: pl.Series,
    table: pl.DataFrame | None,
    features: Sequence[Feature],
    aggregates: Sequence[Aggregate],
) -> dict[str, Categories]:
    """Values by item code of each feature that an aggregate is `by`.

    Args:
        items: Code -> item id.
        table: `item_id` and candidate features.
        features: Declared features.
        aggregates: Declared aggregates.
    """
    wanted = {aggregate.by for aggregate in aggregates_of(aggregates, Of.USER_CATEGORY)}
    if table is None or not wanted:
        return {}
    rows = items.to_frame(ITEM_ID).join(table, on=ITEM_ID, how="left", maintain_order="left")
    return {
        feature.name: Categories.of(rows[feature.name], feature.separator)
        for feature in features
        if feature.name in wanted
    }
