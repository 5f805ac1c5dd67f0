"""Values as files have them -> ids as text, declared features by their kind."""

from __future__ import annotations

import polars as pl

from transform.errors import DataError
from transform.features import Feature, Kind
from transform.reading.text import (
    LINE_BREAKS,
    holds_byte,
    is_plain,
    stripped,
    text_or_missing,
)
from transform.reading.times import TimeFormat

# From this share of numbers on, a text column of user ids counts as numbers with strays.
_MIXED_SHARE = 0.05
# Beyond this, floating-point numbers are no longer one apart.
_EXACT_IN_FLOATS = 2**53


def id_column(values: pl.Series, where: str, *, whole: bool | None = None) -> tuple[pl.Series, str]:
    """Ids as text, and the kind of value they were: "text" or "number".

    Whole numbers lose a decimal part of zeros (`12.0`, as pandas writes them beside missing
    values), so that the same id reads the same in every file.

    Args:
        values: The column.
        where: What to call it in messages.
        whole: Whether text is known to hold whole numbers; by default these values decide.

    Raises:
        DataError: If the column cannot hold ids.
    """
    dtype = values.dtype
    if dtype.is_integer():
        return values.cast(pl.String), "number"
    if dtype.is_float():
        return _from_floats(values, where), "number"
    if dtype.is_decimal():
        text = values.cast(pl.String).str.replace(r"\.0+$", "")
        _refuse_fractions(text.filter(text.str.contains(".", literal=True)), where)
        return text, "number"
    if dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null) or _is_utf8(values):
        text = text_or_missing(values.cast(pl.String))
        if whole or (whole is None and are_whole(text)):
            text = text.str.replace(r"^(-?\d+)\.0+$", "$1")
        return text, "text"
    raise DataError(
        f"{where} must hold ids: text or whole numbers. Received: values of type {dtype}, "
        f"such as {values.drop_nulls().head(1).to_list()}. Map the column that holds the ids."
    )


def are_whole(text: pl.Series) -> bool:
    """Whether text holds whole numbers throughout, some with a decimal part of zeros."""
    zeros = text.str.contains(r"^-?\d+\.0+$")
    return bool(zeros.any() and text.str.contains(r"^-?\d+(\.0+)?$").all())


def are_numbers(ids: pl.Series) -> pl.Series:
    """Which ids are whole numbers; none begins with a zero."""
    return ids.str.contains(r"^-?(0|[1-9]\d*)$")


def refuse_scientific(ids: pl.Series, where: str) -> None:
    """Refuses text ids such as 1e+05 or 1.23457E+11, which spreadsheets and R write for numbers.

    Raises:
        DataError: If there are any.
    """
    if not holds_byte(ids, b"+"):
        return
    found = ids.filter(ids.str.contains(r"^\d(\.\d+)?[eE]\+\d+$").fill_null(False))
    if len(found):
        raise DataError(
            f"{where} must hold ids in full. Received: {found[0]!r}, a number in scientific "
            "notation, in which digits get lost. Write the ids as text, or set `text_ids: true` "
            "of the table if these are ids."
        )


def refuse_line_breaks(ids: pl.Series, where: str) -> None:
    """Refuses ids that hold a line break, which a vocabulary with a line for each id cannot hold.

    Raises:
        DataError: If there are any.
    """
    if is_plain(ids):
        return
    found = ids.filter(ids.str.contains(LINE_BREAKS).fill_null(False))
    if len(found):
        raise DataError(
            f"{where} must hold ids without line breaks. Received: {found[0]!r} ({len(found)} "
            "rows). Correct these ids, or leave their rows out; events with such ids are rejected."
        )


def _from_floats(values: pl.Series, where: str) -> pl.Series:
    finite = values.set(~values.is_finite().fill_null(False), None)
    _refuse_fractions(finite.filter(finite != finite.floor()), where)
    if (finite.abs() > _EXACT_IN_FLOATS).any():
        raise DataError(
            f"{where} must hold ids in full. Received: {finite.abs().max()!r} in a column of "
            "floating-point numbers, which hold at most 15 digits. Write the ids as whole numbers "
            "or text."
        )
    return finite.cast(pl.Int64).cast(pl.String)


def _is_utf8(values: pl.Series) -> bool:
    if values.dtype != pl.Binary:
        return False
    try:
        return len(values.cast(pl.String)) == len(values)
    except pl.exceptions.ComputeError:
        return False


def _refuse_fractions(fractions: pl.Series, where: str) -> None:
    if len(fractions):
        raise DataError(
            f"{where} must hold ids: text or whole numbers. Received: {fractions[0]!r}. "
            "Map the column that holds the ids, or write them as text."
        )


def refuse_mixed(ids: pl.Series, where: str) -> None:
    """Refuses ids read as text where many are whole numbers, of any length, and others are not.

    Ids of one length (hexadecimal hashes, product codes) may look like numbers by chance.

    Raises:
        DataError: If the column seems to mix two kinds of id.
    """
    present = ids.drop_nulls()
    number = are_numbers(present)
    if not len(present) or number.all() or number.mean() < _MIXED_SHARE:  # type: ignore[operator]
        return
    if present.str.len_bytes().n_unique() == 1:
        return
    raise DataError(
        f"{where} must hold ids of one type. Received: mixed types, whole numbers such as "
        f"{present.filter(number)[0]!r} ({number.sum()} rows) beside text such as "
        f"{present.filter(~number)[0]!r} ({(~number).sum()} rows). Correct the rows that do not "
        "belong, or set `text_ids: true` of the table if all of these are ids."
    )


def feature_values(
    values: pl.Series, feature: Feature, where: str, times: TimeFormat | None
) -> pl.Series:
    """A declared feature: float32 (`number`), int64 unix seconds (`time`) or text.

    Args:
        values: The column, or a part of it.
        feature: What it holds.
        where: What to call it in messages.
        times: How it holds times; needed for a `time` feature only.

    Raises:
        DataError: If the column is of a type that cannot hold the feature.
    """
    if feature.kind is Kind.TIME and times is not None:
        return times.seconds(values)
    if feature.kind is Kind.NUMBER:
        return number_values(values)
    return text_values(values, feature, where)


def text_values(values: pl.Series, feature: Feature, where: str) -> pl.Series:
    """A declared feature as text; a whole number has no decimal part, whatever its type.

    Raises:
        DataError: If the column is of a type that is no text.
    """
    if values.dtype == pl.List and not values.dtype.inner.is_nested():  # type: ignore[attr-defined]
        if feature.separator is None:
            raise DataError(
                f"{where} must hold one value in each row unless the feature declares a "
                f"`separator`. Received: lists such as {values.drop_nulls().head(1).to_list()}. "
                "Add `separator` to the feature."
            )
        return values.cast(pl.List(pl.String)).list.join(feature.separator, ignore_nulls=True)
    if values.dtype.is_nested():
        raise DataError(
            f"{where} must hold single values, or lists of them. Received: values of type "
            f"{values.dtype}. Write each part as a column of its own."
        )
    if values.dtype.is_float():
        present = values.fill_nan(None)
        whole = (present == present.floor()) & (present.abs() <= _EXACT_IN_FLOATS)
        numbers = present.set(~whole.fill_null(False), None).cast(pl.Int64)
        return numbers.cast(pl.String).fill_null(present.cast(pl.String))
    text = values.cast(pl.String)
    return stripped(text) if values.dtype == pl.String else text


def number_values(values: pl.Series) -> pl.Series:
    """A declared number as float32; null where there is none."""
    # One that is finite in double precision alone would make every mean infinite.
    numbers = _parsed(values).cast(pl.Float32)
    return numbers.set(~numbers.is_finite().fill_null(False), None)


def refuse_no_numbers(values: pl.Series, where: str) -> None:
    """Refuses a column of a number feature that holds values, but no number.

    Raises:
        DataError: If it is so.
    """
    given = text_or_missing(values) if values.dtype == pl.String else values
    if given.count() and not _parsed(values).count():
        raise DataError(
            f"{where} must hold numbers. Received: text such as {given.drop_nulls()[0]!r}. "
            "Declare the feature with `kind: category`, or correct the column."
        )


def _parsed(values: pl.Series) -> pl.Series:
    text = stripped(values) if values.dtype == pl.String else values
    return text.cast(pl.Float64, strict=False)
