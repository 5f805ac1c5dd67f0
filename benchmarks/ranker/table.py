"""Candidates of shown lists as a table, which every side reads; NumPy alone."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Periods of the time line, in their order. Lists of one never come before those of another.
TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")


class Table(NamedTuple):
    """Candidates, a row each; those of a list stand side by side.

    Attributes:
        columns: What is known when the list is shown, float32 [N, F].
        is_category: Which columns are numbers of categories, bool [F].
        row: Number of the list, ascending, int64 [N].
        label: Whether it was clicked, 0 or 1 [N].
        probability: That the candidate was kept when lists were thinned out [N].
        relevance: True probability of a click by a user who looks at it, NaN where nobody knows it
            [N].
        place: Where on the page it stood, from 0, int64 [N].
        measured: Whether the sample speaks of it, bool [N]. What could not have been drawn where it
            was left out says nothing of how often its like is: nobody stands for those.
    """

    columns: npt.NDArray[np.float32]
    is_category: npt.NDArray[np.bool_]
    row: npt.NDArray[np.int64]
    label: Floats
    probability: Floats
    relevance: Floats
    place: npt.NDArray[np.int64]
    measured: npt.NDArray[np.bool_]

    def save(self, folder: Path, part: str) -> None:
        """Writes it."""
        np.savez(folder / f"{part}.npz", **self._asdict())

    @classmethod
    def load(cls, folder: Path, part: str) -> Table:
        """Reads it."""
        with np.load(folder / f"{part}.npz") as arrays:
            return cls(**arrays)

    def only_measured(self) -> Table:
        """The candidates that the sample speaks of."""
        of_candidates = [name for name in self._fields if name != "is_category"]
        return self._replace(**{name: getattr(self, name)[self.measured] for name in of_candidates})

    @property
    def knows_the_truth(self) -> bool:
        """Whether the true probabilities are known."""
        return not bool(np.isnan(self.relevance).any())

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Candidates of each list."""
        return np.unique(self.row, return_counts=True)[1]
