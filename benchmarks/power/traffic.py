"""The held-out requests of the shop: who asks, what is asked for, and the slices they are in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.power.answers import Floats, Ints
from components.example_columns import read_columns
from components.verdict.evaluation import OVERALL, Slice
from trainer.metrics.paired_bootstrap import user_group
from transform import features as keys

Bools = npt.NDArray[np.bool_]


class Traffic(NamedTuple):
    """N requests.

    Attributes:
        groups: Group of each request's user, for the bootstrap [N].
        users: Number of each request's user [N].
        scored: Whether its scores are measured: the target is new to the user [N].
        labels: Of the candidates, NaN behind the last one [N, C].
        sampled: Probability with which each candidate was sampled, NaN likewise [N, C].
        slices: Slice -> whether a request is in it [N]; all requests are a slice, too.
    """

    groups: Ints
    users: Ints
    scored: Bools
    labels: Floats
    sampled: Floats
    slices: dict[Slice, Bools]

    def of(self, part: Slice) -> Traffic:
        """The requests of one slice, without their slices."""
        rows = self.slices[part]
        return self._replace(
            groups=self.groups[rows],
            users=self.users[rows],
            scored=self.scored[rows],
            labels=self.labels[rows],
            sampled=self.sampled[rows],
            slices={},
        )


def read_traffic(examples: str, slicing: Sequence[Sequence[str]]) -> Traffic:
    """Reads the rows of a split.

    Args:
        examples: Folder of the split.
        slicing: Columns that slice, alone or together.
    """
    names = sorted({name for columns in slicing for name in columns})
    rows = read_columns(
        [examples],
        {
            **dict.fromkeys((keys.USER_ID, keys.IS_REPEAT, *names), "bytes"),
            **dict.fromkeys((keys.LABEL, keys.CANDIDATE_PROBABILITY), "float"),
        },
    )
    one = rows.select(
        pl.col(keys.USER_ID, keys.IS_REPEAT, *names).list.first().cast(pl.String).fill_null("")
    )
    ids = one[keys.USER_ID]
    width = int(rows[keys.LABEL].list.len().max() or 0)  # type: ignore[arg-type]
    return Traffic(
        groups=np.array([user_group(user.encode()) for user in ids], np.int64),
        users=np.unique(ids.to_numpy().astype(str), return_inverse=True)[1],
        scored=(one[keys.IS_REPEAT] == "0").to_numpy(),
        labels=_padded(rows[keys.LABEL], width),
        sampled=_padded(rows[keys.CANDIDATE_PROBABILITY], width),
        slices={OVERALL: np.ones(len(rows), bool)}
        | {of: rows for columns in slicing for of, rows in _slices(one, columns)},
    )


def _slices(rows: pl.DataFrame, columns: Sequence[str]) -> Iterator[tuple[Slice, Bools]]:
    for values in rows.select(columns).unique().sort(columns).iter_rows():
        cells = list(zip(columns, values, strict=True))
        inside = rows.select(pl.all_horizontal(pl.col(c) == value for c, value in cells))
        yield tuple(sorted(cells)), inside.to_series().to_numpy()


def _padded(column: pl.Series, width: int) -> Floats:
    rows: list[list[Any]] = column.to_list()
    return np.array([[*row, *[np.nan] * (width - len(row))] for row in rows], np.float64)
