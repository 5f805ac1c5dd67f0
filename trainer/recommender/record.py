"""What a recommender was composed with, kept beside it.

Who composes one over the same trained parts and other items need not find out everything anew.
"""

from __future__ import annotations

import json
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
_RANKER_FILE = "ranker_vectors.npy"
# A coordinate, over the vector's length; an item whose content is the same moves by less.
_SAME = 1e-3


class Record(Frozen):
    """What is not an array of it.

    Attributes:
        settings: Of the composed path.
        examples: How the co-view table was made and read.
        code: Fingerprint of the code that composed it.
        calibrations: Of requests without any history, and of the others.
        share_read: Share of the blocks of the partitioned index that a query reads; None where the
            search is exact.
    """

    settings: RecommenderSettings
    examples: ExampleSettings
    code: str
    calibrations: Mapping[str, Calibration]
    share_read: float | None

    def composes(self, settings: RecommenderSettings, examples: ExampleSettings) -> bool:
        """Whether these settings would compose the same of the same."""
        return (self.settings, self.examples) == (settings, examples)


@dataclass(frozen=True)
class Earlier:
    """An earlier recommender of the same trained parts.

    Attributes:
        record: What it was composed with.
        directions: That its items were partitioned by; None where the search is exact.
        items: Its items, with the retriever's vectors.
        ranker_vectors: The ranker's vectors of the same items, float32 [V, R].
    """

    record: Record
    directions: Directions | None
    items: ItemTable
    ranker_vectors: npt.NDArray[np.float32]

    @classmethod
    def read(cls, folder: str | Path, *, code: str) -> Earlier | None:
        """Reads what `write` wrote; None where there is nothing, or other code has written it.

        Args:
            folder: Of the recommender.
            code: Fingerprint of the code that asks.
        """
        folder = Path(folder)
        if not (folder / _FILE).is_file():
            return None
        written = (folder / _FILE).read_text()
        if json.loads(written).get("code") != code:  # which may know other settings than this
            return None
        record = Record.model_validate_json(written)
        directions = None
        if record.share_read is not None:
            means = np.load(folder / _DIRECTIONS_FILE, allow_pickle=False)
            directions = Directions(means, record.share_read)
        ranker_vectors = np.load(folder / _RANKER_FILE, allow_pickle=False)
        return cls(record, directions, ItemTable.read(folder / item_table.FILE), ranker_vectors)

    def write(self, folder: str | Path) -> None:
        """Writes it, the table of its items included."""
        folder = Path(folder)
        self.items.write(folder / item_table.FILE)
        (folder / _FILE).write_text(self.record.model_dump_json(indent=2))
        np.save(folder / _RANKER_FILE, self.ranker_vectors, allow_pickle=False)
        if self.directions is not None:
            np.save(folder / _DIRECTIONS_FILE, self.directions.means, allow_pickle=False)

    def unchanged(self, items: ItemTable, ranker_vectors: npt.NDArray[np.float32]) -> float:
        """Share of the items of both that are here and there, and that both models see alike.

        Args:
            items: The items there, with the retriever's vectors.
            ranker_vectors: The ranker's vectors of them, float32 [V, R].
        """
        known = self.items.rows(items.names)
        pairs = (self.items.vectors, items.vectors), (self.ranker_vectors, ranker_vectors)
        alike = np.all([_same(before[known], now) for before, now in pairs], axis=0)
        here = known >= 0
        either = len(self.items.names) + len(known) - int(here.sum())
        return float((here & alike).sum()) / either if either else 1.0


def _same(before: npt.NDArray[np.float32], now: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Whether vectors [N, D] are those of before, [N]."""
    if before.shape != now.shape:
        return np.zeros(len(now), np.bool_)
    moved = np.abs(before - now).max(axis=1, initial=0.0)
    same: npt.NDArray[np.bool_] = moved <= _SAME * np.linalg.norm(now, axis=1)
    return same
