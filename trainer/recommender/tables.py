"""Tables of the composed recommender, one row an item id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import tensorflow as tf
import tensorflow_transform as tft

from transform.preprocessing import FIRST_ID, ITEM_VOCABULARY, UNKNOWN
from transform.settings import ExampleSettings

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


def read_item_names(transform: tft.TFTransformOutput) -> list[str]:
    """Item ids (strings) that a transform graph knows, by integer id; two empty names lead."""
    text = Path(transform.vocabulary_file_by_name(ITEM_VOCABULARY)).read_text(encoding="utf-8")
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
    )
    return _dense(pairs, len(names))


def with_followed(
    co_view: CoView,
    histories: Sequence[Sequence[int]],
    targets: Sequence[int],
    settings: ExampleSettings,
) -> CoView:
    """The table after some more events, each of which follows a history.

    Args:
        co_view: The table.
        histories: Item ids before each event, oldest first.
        targets: Item id of each event.
        settings: How far back a pair reaches, and how many followers are kept.
    """
    added: list[tuple[int, int, float]] = [
        (item, target, 1.0 / gap)
        for history, target in zip(histories, targets, strict=True)
        for gap, item in enumerate(reversed(history[-settings.co_view_window :]), 1)
        if min(item, target) >= FIRST_ID and item != target
    ]
    item, place = np.nonzero(co_view.followers)
    schema = {"item": pl.Int64, "follower": pl.Int64, "weight": pl.Float32}
    kept = pl.DataFrame(
        [item, co_view.followers[item, place], co_view.weights[item, place]], schema=schema
    )
    pairs = (
        pl.concat([kept, pl.DataFrame(added, schema=schema, orient="row")])
        .group_by("item", "follower", maintain_order=True)
        .agg(pl.col("weight").sum())
        .sort("item", "weight", "follower", descending=[False, True, False])
        .group_by("item", maintain_order=True)
        .head(settings.co_view_neighbours)
    )
    return _dense(pairs, len(co_view.followers))


def _dense(pairs: pl.DataFrame, items: int) -> CoView:
    """Rows of `item`, `follower`, `weight`, the heaviest first, as a table of all items."""
    pairs = pairs.with_columns(place=pl.int_range(pl.len()).over("item"))
    width = 1 + int(pairs["place"].max() or 0) if pairs.height else 1  # type: ignore[arg-type]
    followers = np.zeros((items, width), np.int64)
    weights = np.zeros((items, width), np.float32)
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
