"""Items and event types of the whole log, and what each part calls them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from transform.event_log import encode
from transform.features import EVENT_TYPE, ITEM_ID
from transform.job.shuffle import Part, items_path, types_path
from transform.job.tables import join, read_table, write_table

_ITEMS = "items.arrow"
_TYPES = "types.arrow"
_CODE = "code"


def merge_vocabularies(parts: Sequence[Part], folder: str) -> None:
    """Writes the vocabularies of all parts together, in order, and each part's codes in them."""
    _merge([items_path(part.name, folder) for part in parts], ITEM_ID, join(folder, _ITEMS))
    _merge([types_path(part.name, folder) for part in parts], EVENT_TYPE, join(folder, _TYPES))


def read_item_ids(folder: str) -> pl.Series:
    """Code -> item id."""
    return read_table(join(folder, _ITEMS))[ITEM_ID]


def read_types(folder: str) -> pl.Series:
    """Code -> event type."""
    return read_table(join(folder, _TYPES))[EVENT_TYPE]


def item_codes(part: str, folder: str) -> NDArray[np.int32]:
    """Code of each item of a part."""
    return _read_codes(items_path(part, folder))


def type_codes(part: str, folder: str) -> NDArray[np.int32]:
    """Code of each event type of a part."""
    return _read_codes(types_path(part, folder))


def _merge(paths: Sequence[str], name: str, target: str) -> None:
    union = pl.Series(name, [], pl.String)
    for path in paths:
        union = pl.concat([union, read_table(path)[name].cast(pl.String)]).unique()
    vocabulary = union.sort()
    write_table(target, vocabulary.to_frame())
    for path in paths:
        write_table(_codes_path(path), encode(read_table(path)[name], vocabulary).to_frame(_CODE))


def _read_codes(path: str) -> NDArray[np.int32]:
    return read_table(_codes_path(path))[_CODE].to_numpy()


def _codes_path(path: str) -> str:
    return path.replace(".arrow", "-codes.arrow")
