"""Training windows as peers read them: item numbers, oldest first; NumPy alone."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


class Windows(NamedTuple):
    """Windows of training events, one after the other.

    Attributes:
        item: Items of all windows, from 1.
        size: Events of each window; all but the first are to be predicted.
    """

    item: Ints
    size: Ints

    @classmethod
    def load(cls, file: Path) -> Windows:
        """Reads them."""
        with np.load(file) as arrays:
            return cls(**arrays)

    @property
    def events(self) -> int:
        """Events that a pass over the windows predicts."""
        return int((self.size - 1).sum())

    @property
    def ends(self) -> Ints:
        """Where each window ends in `item`."""
        return np.cumsum(self.size)
