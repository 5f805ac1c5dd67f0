"""How columns are written that lie in several files: decided once, from the head of each file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from transform.errors import DataError
from transform.features import Feature, Kind
from transform.reading.raw_tables import RawTable
from transform.reading.times import TimeFormat, time_format
from transform.reading.values import (
    are_numbers,
    are_whole,
    id_column,
    refuse_mixed,
    refuse_no_numbers,
    refuse_scientific,
)
from transform.settings import Table

_NO_TEXT = pl.Series(dtype=pl.String)


def column_of(raw: RawTable, name: str) -> str:
    """What messages call a column of a file."""
    return f"The column `{name}` of {raw.file}"


@dataclass(frozen=True)
class IdFormat:
    """How a column holds ids.

    Attributes:
        kind: "text" or "number", as Parquet types say; None where all files are CSV.
        seen: The file that says so.
        whole: Whether text is whole numbers, of which some have a decimal part of zeros.
        numbers_only: Whether every id must be a whole number.
        text_ids: Whether the settings say that ids are text, however they look.
    """

    kind: str | None
    seen: str | None
    whole: bool
    numbers_only: bool
    text_ids: bool

    def ids(self, raw: RawTable, name: str) -> pl.Series:
        """The ids of some rows as text.

        Raises:
            DataError: If they are of another kind than in other files, or are no ids.
        """
        where = column_of(raw, name)
        ids, kind = id_column(raw.frame[name], where, whole=self.whole)
        if raw.is_text and not self.text_ids:
            refuse_scientific(ids, where)
        if self.kind not in (None, kind) and not raw.is_text and ids.count():
            raise DataError(
                f"The column `{name}` must be of one type in all files. Received: mixed types, "
                f"{self.kind} in {self.seen} and {kind} in {raw.file}. Write all files with one "
                "type."
            )
        return ids


def id_format(samples: Sequence[RawTable], name: str, table: Table, *, one_kind: bool) -> IdFormat:
    """Decides on ids; `one_kind` holds those of CSV files to numbers or text."""
    texts, from_csv = [_NO_TEXT], [_NO_TEXT]
    typed: list[tuple[str | None, str | None]] = []
    for raw in samples:
        ids, kind = id_column(raw.frame[name], column_of(raw, name), whole=False)
        if kind == "text":
            texts.append(ids)
        if raw.is_text:
            from_csv.append(ids)
        elif ids.count():
            typed.append((kind, str(raw.file)))
    whole = are_whole(pl.concat(texts))
    csv, _ = id_column(pl.concat(from_csv), name, whole=whole)
    numbers_only = False
    if one_kind and not table.text_ids:
        refuse_mixed(csv, f"The column `{name}` of {table.path}")
        numbers_only = csv.count() > 0 and bool(are_numbers(csv).all())
    first_kind, seen = typed[0] if typed else (None, None)
    decided = IdFormat(first_kind, seen, whole, numbers_only, table.text_ids)
    for raw in samples:
        decided.ids(raw, name)
    return decided


def time_formats(
    samples: Sequence[RawTable],
    features: Iterable[Feature],
    unit: str,
    more: Callable[[str], Iterable[pl.Series]] = lambda _: (),
) -> dict[str, TimeFormat]:
    """How each feature that is a time is written; the numbers are looked at as well.

    Args:
        samples: Rows of each file.
        features: Declared features.
        unit: Unit of times that are numbers.
        more: A whole column, read only where the samples leave its dates undecided.

    Raises:
        DataError: If a column does not hold what its feature declares.
    """
    formats = {}
    for feature in features:
        columns = [(raw.frame[feature.name], column_of(raw, feature.name)) for raw in samples]
        if feature.kind is Kind.TIME:
            formats[feature.name] = time_format(columns, unit, partial(more, feature.name))
        elif feature.kind is Kind.NUMBER:
            for values, where in columns:
                refuse_no_numbers(values, where)
    return formats
