"""Tables of the composed recommender, one row an item id."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import tensorflow as tf

from transform.preprocessing import FIRST_ID, UNKNOWN

_VECTOR_ROWS = 8192


@dataclass(frozen=True)
class CoView:
    """Followers of each item, heaviest first.

    Attributes:
        followers: Item ids, int64 [V, M], 0 where there are fewer.
        weights: float32 [V, M].
    """

    followers: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]


def read_item_names(vocabulary: str | Path) -> list[str]:
    """Item ids (strings) in the order of a TFT vocabulary file; two empty names lead."""
    text = Path(vocabulary).read_text(encoding="utf-8")
    return [""] * FIRST_ID + text.removesuffix("\n").split("\n")


def read_co_view(path: str | Path, names: list[str]) -> CoView:
    """Reads the co-view tile into dense rows.

    Args:
        path: Parquet with `item_id`, `follower_id`, `weight`.
        names: Item names by id.
    """
    index = pl.DataFrame({"name": names[FIRST_ID:]}).with_row_index("id", FIRST_ID)
    index = index.with_columns(pl.col("id").cast(pl.Int64))
    pairs = (
        pl.read_parquet(path)
        .join(index.rename({"name": "item_id", "id": "item"}), on="item_id")
        .join(index.rename({"name": "follower_id", "id": "follower"}), on="follower_id")
        .sort("item", "weight", "follower", descending=[False, True, False])
        .with_columns(place=pl.int_range(pl.len()).over("item"))
    )
    width = 1 + int(pairs["place"].max() or 0) if pairs.height else 1  # type: ignore[arg-type]
    followers = np.zeros((len(names), width), np.int64)
    weights = np.zeros((len(names), width), np.float32)
    where = pairs["item"].to_numpy(), pairs["place"].to_numpy()
    followers[where] = pairs["follower"].to_numpy()
    weights[where] = pairs["weight"].to_numpy()
    return CoView(followers, weights)


def item_vectors(encode: Any, items: int) -> npt.NDArray[np.float32]:
    """Vectors of all items, computed in slices.

    Args:
        encode: int64 [N] -> float32 [N, D].
        items: Rows of the table.

    Returns:
        float32 [V, D]; the row of padding is zero.
    """
    slices = [
        encode(tf.range(start, min(start + _VECTOR_ROWS, items), dtype=tf.int64)).numpy()
        for start in range(0, items, _VECTOR_ROWS)
    ]
    vectors: npt.NDArray[np.float32] = np.concatenate(slices)
    vectors[:UNKNOWN] = 0.0
    return vectors


def rows_of(table: tf.Variable, ids: tf.Tensor) -> tf.Tensor:
    """Rows of a table that is also read as a whole.

    `tf.gather` of a variable tells TensorFlow that single rows of it are accessed; from then on it
    copies the variable whenever it is read as a whole, at every request.
    """
    return tf.gather(table.read_value(), ids)
