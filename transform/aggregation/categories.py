"""The categories of every item, in columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.event_log import ranges

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Categories:
    """Values of one category feature.

    Attributes:
        names: Code -> category, in the order of the names.
        offsets: The categories of item code `i` lie at `offsets[i]:offsets[i + 1]` (int64).
        codes: Category codes, each once an item (int64).
    """

    names: pl.Series
    offsets: Ints
    codes: Ints

    @classmethod
    def of(cls, values: pl.Series, separator: str | None) -> Categories:
        """Encodes a feature.

        Args:
            values: Text of each item code; "" or null for none.
            separator: Splits one text into several categories.
        """
        lists = values.cast(pl.String).fill_null("").rename("category")
        table = pl.DataFrame({"item": pl.int_range(len(lists), eager=True), "category": lists})
        if separator is not None:
            table = table.with_columns(pl.col("category").str.split(separator)).explode("category")
        table = table.filter(pl.col("category") != "").unique().sort("item", "category")
        names = table["category"].unique().sort()
        codes = table["category"].cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)
        counts = np.bincount(table["item"].to_numpy(), minlength=len(lists))
        return cls(names, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), codes)

    def key(self, row: Ints, code: Ints) -> Ints:
        """One number for a row and a category, ascending by row, then by category."""
        return row * self._stride + code

    def parts(self, key: Ints) -> tuple[Ints, Ints]:
        """Row and category of keys."""
        return key // self._stride, key % self._stride

    @property
    def _stride(self) -> int:
        return max(1, len(self.names))

    def of_items(self, item: Ints) -> tuple[Ints, Ints]:
        """Categories of some items, one after the other.

        Args:
            item: Item codes [N].

        Returns:
            Number of each item's categories [N], and their codes [sum of the numbers].
        """
        counts = np.diff(self.offsets)[item]
        return counts, self.codes[ranges(self.offsets[item], counts)]
