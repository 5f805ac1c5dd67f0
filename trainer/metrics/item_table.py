"""What metrics of lists know of the items: how popular each is, and where its vector points.

The table is written beside the SavedModel, not into it: only the evaluation reads it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

FILE = "items.parquet"


@dataclass(frozen=True)
class ItemTable:
    """One row an item.

    Attributes:
        names: Item ids, each once [V].
        counts: Training behaviours, int64 [V].
        vectors: Of the candidate tower, float32 [V, D].
    """

    names: list[bytes]
    counts: NDArray[np.int64]
    vectors: NDArray[np.float32]

    @functools.cached_property
    def _row_of(self) -> dict[bytes, int]:
        return {name: row for row, name in enumerate(self.names)}

    @functools.cached_property
    def popularity(self) -> NDArray[np.float64]:
        """Behaviours of each item over those of a typical one [V].

        The typical item is that of a behaviour drawn from the training log.
        """
        counts = self.counts
        typical = float((counts.astype(np.float64) ** 2).sum()) / max(1, int(counts.sum()))
        return counts / typical if typical else np.zeros(len(counts))

    @functools.cached_property
    def self_information(self) -> NDArray[np.float64]:
        """Bits that an item tells [V].

        These are -log2 of its share of the behaviours, each item given one more.
        """
        total = self.counts.sum() + len(self.counts)
        information: NDArray[np.float64] = -np.log2((self.counts + 1) / total)
        return information

    def rows(self, names: Iterable[bytes]) -> NDArray[np.int64]:
        """Row of each item id; -1 for padding and for an item that the table does not hold."""
        row_of = self._row_of
        return np.array([row_of.get(name, -1) for name in names], np.int64)

    def write(self, path: str | Path) -> None:
        """Writes the table as Parquet."""
        columns = {"item_id": self.names, "count": self.counts, "vector": self.vectors}
        pl.DataFrame(columns).write_parquet(path)

    @classmethod
    def read(cls, path: str | Path) -> ItemTable:
        """Reads a table that `write` wrote.

        Raises:
            ValueError: If there is no such file.
        """
        if not Path(path).is_file():
            raise ValueError(
                f"Metrics of lists need the table of items beside the model. Received: {path}, "
                "which is no file. Assemble the model anew with RecommenderAssembler."
            )
        table = pl.read_parquet(path)
        return cls(
            table["item_id"].to_list(), table["count"].to_numpy(), table["vector"].to_numpy()
        )
