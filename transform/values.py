"""Values as files have them -> ids as text, declared features by their kind."""

from __future__ import annotations

import polars as pl

from transform.errors import DataError
from transform.features import Feature, Kind
from transform.times import unix_seconds

# What other tools write where there is no value.
_MISSING = ("", "null", "NULL", "Null", "nan", "NaN", "NA", "None", "\\N")
# From this share of numbers on, a text column of user ids counts as numbers with strays.
_MIXED_SHARE = 0.05


def text_or_missing(values: pl.Series) -> pl.Series:
    """Text without surrounding blanks; null where the text says that there is no value."""
    stripped = values.str.strip_chars()
    return stripped.set(stripped.is_in(_MISSING).fill_null(True), None)


def id_column(values: pl.Series, where: str) -> tuple[pl.Series, str]:
    """Ids as text, and the kind of value they were: "text" or "number".

    Whole numbers lose a decimal part of zeros (`12.0`, as pandas writes them beside missing
    values), so that the same id reads the same in every file.

    Raises:
        DataError: If the column cannot hold ids.
    """
    dtype = values.dtype
    if dtype.is_integer():
        return values.cast(pl.String), "number"
    if dtype.is_float():
        finite = values.set(~values.is_finite().fill_null(False), None)
        _refuse_fractions(finite.filter(finite != finite.floor()), where)
        return finite.cast(pl.Int64).cast(pl.String), "number"
    if dtype.is_decimal():
        text = values.cast(pl.String).str.replace(r"\.0+$", "")
        _refuse_fractions(text.filter(text.str.contains(".", literal=True)), where)
        return text, "number"
    if dtype in (pl.String, pl.Categorical, pl.Enum, pl.Binary):
        text = text_or_missing(values.cast(pl.String))
        whole = text.str.contains(r"^-?\d+\.0+$")
        if whole.any() and text.str.contains(r"^-?\d+(\.0+)?$").all():
            text = text.str.replace(r"\.0+$", "")
        return text, "text"
    raise DataError(
        f"{where} must hold ids: text or whole numbers. Received: values of type {dtype}, "
        f"such as {values.drop_nulls().head(1).to_list()}. Map the column that holds the ids."
    )


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
    number = present.str.contains(r"^-?(0|[1-9]\d*)$")
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


def feature_values(values: pl.Series, feature: Feature, where: str, unit: str) -> pl.Series:
    """A declared feature: float32 (`number`), int64 unix seconds (`time`) or text.

    Raises:
        DataError: If the column as a whole does not hold what the feature declares.
    """
    if feature.kind is Kind.TIME:
        return unix_seconds(values, unit, where)
    if feature.kind is Kind.NUMBER:
        return _numbers(values, where)
    if values.dtype == pl.List:
        if feature.separator is None:
            raise DataError(
                f"{where} must hold one value in each row unless the feature declares a "
                f"`separator`. Received: lists such as {values.drop_nulls().head(1).to_list()}. "
                "Add `separator` to the feature."
            )
        return values.cast(pl.List(pl.String)).list.join(feature.separator, ignore_nulls=True)
    if values.dtype.is_float() and (values.drop_nans() == values.drop_nans().floor()).all():
        values = values.fill_nan(None).cast(pl.Int64)
    text = values.cast(pl.String)
    return text.str.strip_chars() if values.dtype == pl.String else text


def _numbers(values: pl.Series, where: str) -> pl.Series:
    if values.dtype == pl.String:
        values = text_or_missing(values)
    numbers = values.cast(pl.Float64, strict=False)
    if len(values.drop_nulls()) and not len(numbers.drop_nulls()):
        raise DataError(
            f"{where} must hold numbers. Received: text such as {values.drop_nulls()[0]!r}. "
            "Declare the feature with `kind: category`, or correct the column."
        )
    finite = numbers.set(~numbers.is_finite().fill_null(False), None)
    return finite.cast(pl.Float32)
