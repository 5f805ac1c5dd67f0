"""Which column of a file is which of ours."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from transform.errors import DataError
from transform.reading.files import TableFile
from transform.settings import Table

_SEPARATORS = ("\t", ";", "|", ",")


@dataclass(frozen=True)
class Wanted:
    """Columns to read, under our names.

    Attributes:
        name: What the table is called in the settings.
        required: Columns that must exist.
        optional: Columns that are read where they exist.
    """

    name: str
    required: Sequence[str]
    optional: Sequence[str] = ()


@dataclass(frozen=True)
class Chosen:
    """Where our columns come from in a file.

    Attributes:
        columns: Our name -> the file's name.
        constants: Our name -> the value of a Hive folder's key, where the file lacks the column.
    """

    columns: dict[str, str]
    constants: dict[str, str | None]


def refuse_unknown(table: Table, wanted: Wanted) -> None:
    """Refuses a mapping of a name that is not ours.

    Raises:
        DataError: If there is one.
    """
    known = {*wanted.required, *wanted.optional}
    strange = [ours for ours in table.columns if ours not in known]
    if strange:
        raise DataError(
            f"`data.{wanted.name}.columns` must map names that the pipeline uses: "
            f"{_listed(sorted(known))}. Received: {strange[0]!r}{_nearest(strange[0], known)}. "
            "Correct the name, or declare it under `features`."
        )


def choose(file: TableFile, names: Sequence[str], table: Table, wanted: Wanted) -> Chosen:
    """Finds the wanted columns among those of a file.

    Raises:
        DataError: If a column is missing that is required or mapped.
    """
    keys = dict(file.partition.columns)
    chosen = Chosen({}, {})
    for ours in [*wanted.required, *wanted.optional]:
        theirs = table.columns.get(ours, ours)
        if theirs in names:
            chosen.columns[ours] = theirs
        elif theirs in keys:
            chosen.constants[ours] = keys[theirs]
        elif ours in wanted.required or ours in table.columns:
            raise DataError(_missing(file, [*names, *keys], ours, theirs, wanted.name))
    return chosen


def _missing(file: TableFile, names: Sequence[str], ours: str, theirs: str, table: str) -> str:
    if len(names) == 1:
        for separator in _SEPARATORS:
            if separator in names[0]:
                return (
                    f"{file} must have a column {theirs!r}. Received: the single column "
                    f"{names[0]!r}, so the separator seems to be {separator!r}. "
                    f"Set `separator: {separator!r}` of `data.{table}`."
                )
    guess = _guess(theirs, names) or "its name in the file"
    return (
        f"{file} must have a column {theirs!r}. Received: the columns {_listed(names)}"
        f"{_nearest(theirs, names)}. Map it in the settings, for example "
        f"`data: {{{table}: {{columns: {{{ours}: {guess}}}}}}}`."
    )


def _guess(name: str, known: Collection[str]) -> str | None:
    lowered = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.5)
    return lowered[close[0]] if close else None


def _nearest(name: str, known: Collection[str]) -> str:
    guess = _guess(name, known)
    return f"; the nearest is {guess!r}" if guess else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
