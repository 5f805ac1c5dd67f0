"""The pushed model in bulk: lists for many users into one Parquet file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import RunError
from serving.inputs import missing_input, missing_value, query_inputs
from serving.query import Query
from serving.user_store import UserStore
from transform.reading.values import id_column

SCHEMA = pa.schema(
    {"user_id": pa.string(), "rank": pa.int32(), "item_id": pa.string(), "score": pa.float32()}
)
_USERS_A_READ = 20_000
_USERS_A_CALL = 128

Progress = Callable[[int], None]


def read_users(file: Path) -> list[str]:
    """The users of a CSV with a `user_id` column, each once, in the order of first appearance.

    Raises:
        RunError: The file cannot be read, lacks the column, holds no user or an empty id.
    """
    rule = "the users file must be a CSV with a column user_id"
    try:
        table = pl.read_csv(file, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        said = str(error).strip().splitlines()
        raise RunError(
            f"{rule}. Received: {file}, which fails with '{said[0] if said else error}'. "
            "Correct the path, or write the file anew."
        ) from error
    if "user_id" not in table.columns:
        raise RunError(
            f"{rule}. Received: {file} with the columns {', '.join(map(repr, table.columns))}. "
            "Rename the column, and part columns by commas."
        )
    ids, _ = id_column(table["user_id"], f"The column 'user_id' of {file}")
    if ids.is_empty():
        raise RunError(f"{rule}, and a user in it. Received: {file} without rows. Add users.")
    if ids.null_count():
        row = int(ids.is_null().arg_true()[0]) + 1
        raise RunError(f"{rule}. Received: {file} without an id in row {row}. Give it, or drop it.")
    return list(dict.fromkeys(ids))


def predict(
    model_folder: Path,
    store: UserStore,
    users: Sequence[str],
    *,
    request_time: int,
    k: int,
    out: Path,
    progress: Progress,
) -> int:
    """Writes the lists of many users; the file appears when it is complete, never before.

    Args:
        model_folder: A pushed version.
        store: The users' histories; a user it does not know is a cold start.
        users: For whom.
        request_time: As of when, unix seconds.
        k: Items for each user. Fewer where the model has no more to offer.
        out: The Parquet file.
        progress: Told after each batch how many users are done.

    Returns:
        Rows written.
    """
    recommend = _load(model_folder)
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    out.parent.mkdir(parents=True, exist_ok=True)
    rows = done = 0
    try:
        with pq.ParquetWriter(draft, SCHEMA) as writer:
            for queries in _batches(store, users, request_time):
                table = _table(queries, recommend(queries, k))
                writer.write_table(table)
                rows, done = rows + table.num_rows, done + len(queries)
                progress(done)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return rows


def _batches(store: UserStore, users: Sequence[str], request_time: int) -> Iterator[list[Query]]:
    for start in range(0, len(users), _USERS_A_READ):
        queries = store.queries(users[start : start + _USERS_A_READ], request_time)
        for low in range(0, len(queries), _USERS_A_CALL):
            yield queries[low : low + _USERS_A_CALL]


def _load(model_folder: Path) -> Callable[[list[Query], int], dict[str, Any]]:
    """The model's `recommend` signature as a function of queries."""
    import tensorflow as tf

    model = tf.saved_model.load(str(model_folder))
    signature = model.signatures["recommend"]
    specs = signature.structured_input_signature[1]

    def recommend(queries: list[Query], k: int) -> dict[str, Any]:
        given = {**query_inputs(queries), "top_k": np.int32(k)}
        inputs = {}
        for name, spec in specs.items():
            dtype = spec.dtype.as_datatype_enum
            values = given.get(name, missing_input(len(queries), spec.shape.rank, dtype))
            if isinstance(values, list):
                missing = missing_value(dtype)
                values = [missing if value is None else value for value in values]
            inputs[name] = tf.constant(values, dtype=spec.dtype)
        return {name: tensor.numpy() for name, tensor in signature(**inputs).items()}

    recommend.model = model  # type: ignore[attr-defined]  # the signature holds none to it
    return recommend


def _table(queries: list[Query], lists: dict[str, Any]) -> pa.Table:
    shown = lists["item_id"] != b""  # [B, K]
    counts = shown.sum(axis=1)
    users = np.repeat(np.array([query.user_id for query in queries], dtype=object), counts)
    ranks = np.cumsum(shown, axis=1)[shown]
    items = [item.decode() for item in lists["item_id"][shown]]
    columns = [users, ranks.astype(np.int32), items, lists["score"][shown].astype(np.float32)]
    return pa.table(columns, schema=SCHEMA)
