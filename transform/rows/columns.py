"""Values -> list columns of the raw examples."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from transform.features import Feature, Kind

Ints = NDArray[np.int64]


def feature_column(values: pl.Series, feature: Feature) -> pa.Array:
    """A declared feature as lists of one value: text is "" and a number absent when missing."""
    if feature.kind is Kind.NUMBER:
        return scalars(values.cast(pl.Float32).fill_nan(None))
    if feature.kind is Kind.TIME:
        return scalars(values.cast(pl.Int64))
    return scalars(values.cast(pl.String).fill_null(""))


def scalars(values: pl.Series) -> pa.Array:
    """Lists of one value; a null value becomes a null list, that is, an absent feature."""
    array = _flat(values)
    offsets = pa.array(np.arange(len(array) + 1), pa.int32())
    mask = array.is_null() if array.null_count else None
    return pa.ListArray.from_arrays(offsets, array, mask=mask)


def lists(values: pl.Series, counts: Ints) -> pa.Array:
    """Values, and how many of them each list holds."""
    return _divided(_flat(values), counts)


def named(codes: NDArray[np.integer], names: pa.BinaryArray, counts: Ints) -> pa.Array:
    """Lists of names by their codes, which stay codes until they are written."""
    indices = pa.array(codes.astype(np.int32, copy=False))
    return _divided(pa.DictionaryArray.from_arrays(indices, names), counts)


def _divided(values: pa.Array, counts: Ints) -> pa.Array:
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _flat(values: pl.Series) -> pa.Array:
    array = values.to_arrow()
    return array.cast(pa.binary()) if values.dtype == pl.String else array
