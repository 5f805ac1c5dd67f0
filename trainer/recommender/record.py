"""What a recommender was composed with, kept beside it.

Who composes one over the same trained parts and other items need not find out everything anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainer.calibration import Calibration
from trainer.metrics import item_table
from trainer.metrics.item_table import ItemTable
from trainer.recommender.partitions import Directions
from trainer.settings import RecommenderSettings
from transform.settings import ExampleSettings, Frozen

_FILE = "composed.json"
_DIRECTIONS_FILE = "directions.npy"
_SAME = 1e-3  # a coordinate of a unit vector; an item whose content is the same moves by less


class Record(Frozen):
    """What is not an array of it.

    Attributes:
        settings: Of the composed path.
        examples: How the co-view table was made and read.
        code: Fingerprint of the code that composed it.
        calibrations: Of requests without any history, and of the others.
        read: Share of the blocks of the partitioned index that a query reads; None where the search
            is exact.
    """

    settings: RecommenderSettings
    examples: ExampleSettings
    code: str
    calibrations: Mapping[str, Calibration]
    read: float | None

    def composes(self, settings: RecommenderSettings, examples: ExampleSettings) -> bool:
        """Whether these settings would compose the same of the same."""
        return (self.settings, self.examples) == (settings, examples)


@dataclass(frozen=True)
class Earlier:
    """An earlier recommender of the same trained parts.

    Attributes:
        record: What it was composed with.
        directions: That its items were partitioned by; None where the search is exact.
        items: Its items.
    """

    record: Record
    directions: Directions | None
    items: ItemTable

    @classmethod
    def read(cls, folder: str | Path) -> Earlier | None:
        """Reads what `write` wrote; None where there is nothing."""
        folder = Path(folder)
        if not (folder / _FILE).is_file():
            return None
        record = Record.model_validate_json((folder / _FILE).read_text())
        directions = None
        if record.read is not None:
            means = np.load(folder / _DIRECTIONS_FILE, allow_pickle=False)
            directions = Directions(means, record.read)
        return cls(record, directions, ItemTable.read(folder / item_table.FILE))

    def write(self, folder: str | Path) -> None:
        """Writes it, the table of its items included."""
        folder = Path(folder)
        self.items.write(folder / item_table.FILE)
        (folder / _FILE).write_text(self.record.model_dump_json(indent=2))
        if self.directions is not None:
            np.save(folder / _DIRECTIONS_FILE, self.directions.means, allow_pickle=False)

    def unchanged(self, items: ItemTable) -> float:
        """Share of some items that are here too, and have the vector that they have here."""
        known = self.items.rows(items.names)
        here = self.items.vectors[known]
        return float(np.mean((known >= 0) & _same(here, items.vectors))) if len(known) else 1.0


def _same(before: npt.NDArray[np.float32], now: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Whether vectors [N, D] are those of before, [N]."""
    if before.shape != now.shape:
        return np.zeros(len(now), np.bool_)
    same: npt.NDArray[np.bool_] = np.abs(before - now).max(axis=1, initial=0.0) <= _SAME
    return same
