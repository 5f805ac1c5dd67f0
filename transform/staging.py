"""Partitions on their way to Beam's workers: Arrow files beside the output.

Beam pickles and compresses whatever a pipeline holds, several times over; for tables that costs
more than building the rows. So only numbers travel through the pipeline, and workers read the
tables from files, which works wherever they can write their output.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import polars as pl
from apache_beam.io.filesystems import FileSystems

from transform.event_log import EventLog, Histories
from transform.features import Feature
from transform.rows import Shop
from transform.settings import ExampleSettings, SplitSettings
from transform.tiles import ClosedTiles

# Events of a partition: large enough for columnar speed, small enough for several at once.
PARTITION_EVENTS = 50_000

# No feature can have this name.
_EVENTS = "#events"


@dataclass(frozen=True)
class Staged:
    """A log and its shop in files.

    Attributes:
        folder: Where they lie.
        partitions: Number of partitions.
        features: As in Shop, like the rest.
        split: See there.
        examples: See there.
        seed: See there.
    """

    folder: str
    partitions: int
    features: tuple[Feature, ...]
    split: SplitSettings
    examples: ExampleSettings
    seed: int

    def histories(self, number: int) -> Histories:
        """Reads a partition."""
        users = _read(self.folder, f"users-{number:05d}")
        counts = users[_EVENTS].to_numpy()
        return Histories(
            users.drop(_EVENTS),
            np.concatenate([[0], np.cumsum(counts)]),
            _read(self.folder, f"events-{number:05d}"),
        )

    def shop(self) -> Shop:
        """Reads what all partitions share."""
        return Shop(
            _read(self.folder, "items").to_series(),
            _read(self.folder, "types").to_series(),
            ClosedTiles(_read(self.folder, "item_tile"), _read(self.folder, "co_view")),
            self.features,
            self.split,
            self.examples,
            self.seed,
        )

    def remove(self) -> None:
        """Deletes the files."""
        FileSystems.delete([self.folder])


def stage(log: EventLog, shop: Shop, folder: str) -> Staged:
    """Writes a log, in partitions of users, and its shop.

    Args:
        log: The events with their periods.
        shop: What all rows share.
        folder: A folder of its own, which must not exist.
    """
    FileSystems.mkdirs(folder)
    _write(folder, "items", shop.items.to_frame())
    _write(folder, "types", shop.types.to_frame())
    _write(folder, "item_tile", shop.tiles.items)
    _write(folder, "co_view", shop.tiles.co_view)
    partitions = 0
    for number, part in enumerate(log.histories.partitions(PARTITION_EVENTS)):
        counts = pl.Series(_EVENTS, np.diff(part.offsets))
        _write(folder, f"users-{number:05d}", part.users.with_columns(counts))
        _write(folder, f"events-{number:05d}", part.events)
        partitions += 1
    return Staged(folder, partitions, shop.features, shop.split, shop.examples, shop.seed)


def _write(folder: str, name: str, table: pl.DataFrame) -> None:
    buffer = io.BytesIO()
    table.write_ipc(buffer)
    with FileSystems.create(_path(folder, name), compression_type="uncompressed") as file:
        file.write(buffer.getvalue())


def _read(folder: str, name: str) -> pl.DataFrame:
    with FileSystems.open(_path(folder, name), compression_type="uncompressed") as file:
        return pl.read_ipc(io.BytesIO(file.read()))


def _path(folder: str, name: str) -> str:
    return str(FileSystems.join(folder, f"{name}.arrow"))
