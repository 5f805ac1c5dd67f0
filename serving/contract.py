"""The serving contract as values: what is asked of the model, and how its answers are read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from serving.calls.errors import ServingError
from serving.inputs import Inputs, query_inputs
from serving.query import Query, Recommendation, SimilarItem
from serving.tensors import dense, from_proto

Outputs = Mapping[str, Any]
Value = TypeVar("Value")


@dataclasses.dataclass(frozen=True)
class Question(Generic[Value]):
    """One Predict call.

    Attributes:
        signature: Its name.
        inputs: What is sent.
        read: Takes the value out of the outputs. Raises ValueError where they are not those of the
            contract.
    """

    signature: str
    inputs: Inputs
    read: Callable[[Outputs], Value]


def recommend(queries: Sequence[Query], k: int) -> Question[list[list[Recommendation]]]:
    """The best k items for each query, best first.

    Raises:
        ServingError: k is below 1.
    """
    check_k(k)

    def read(outputs: Outputs) -> list[list[Recommendation]]:
        numbers = ["score", "retrieval_score"]
        numbers += ["propensity"] if "propensity" in outputs else []  # of models that explore
        rows = _rows(outputs, len(queries), "item_id", *numbers)
        return [[Recommendation(*cells) for cells in row if cells[0]] for row in rows]

    return Question("recommend", {**query_inputs(queries), "top_k": np.int32(k)}, read)


def rank(
    queries: Sequence[Query], candidate_item_ids: Sequence[Sequence[str]]
) -> Question[list[list[float]]]:
    """The score of each candidate of each query.

    Raises:
        ServingError: Not as many lists as queries.
    """
    if len(queries) != len(candidate_item_ids):
        raise ServingError(
            "INVALID_ARGUMENT",
            f"there must be one list of candidates for each request, received "
            f"{len(candidate_item_ids)} lists for {len(queries)} requests",
        )

    def read(outputs: Outputs) -> list[list[float]]:
        scores = _output(outputs, "score", len(queries)).tolist()
        return [row[: len(ids)] for row, ids in zip(scores, candidate_item_ids, strict=True)]

    inputs = {**_without_exclusions(queries), "candidate_item_id": dense(candidate_item_ids, "")}
    return Question("rank", inputs, read)


def similar_items(item_ids: Sequence[str], k: int) -> Question[list[list[SimilarItem]]]:
    """The k items most like each given item, most similar first.

    Raises:
        ServingError: k is below 1.
    """
    check_k(k)

    def read(outputs: Outputs) -> list[list[SimilarItem]]:
        rows = _rows(outputs, len(item_ids), "item_id", "score")
        return [[SimilarItem(*cells) for cells in row if cells[0]] for row in rows]

    inputs: Inputs = {"item_id": np.array(item_ids, dtype=object), "top_k": np.int32(k)}
    return Question("similar_items", inputs, read)


def query_embedding(queries: Sequence[Query]) -> Question[NDArray[np.float32]]:
    """The query tower's vector of each query, float32 [len(queries), D]."""

    def read(outputs: Outputs) -> NDArray[np.float32]:
        return _output(outputs, "embedding", len(queries))

    return Question("query_embedding", _without_exclusions(queries), read)


def check_k(k: int) -> None:
    """Refuses a number of items below 1.

    Raises:
        ServingError: It is.
    """
    if k < 1:
        raise ServingError("INVALID_ARGUMENT", f"k must be at least 1, received {k}")


def _without_exclusions(queries: Sequence[Query]) -> Inputs:
    """What is excluded from a list has no part in scoring given items, nor in an embedding."""
    inputs = query_inputs(queries)
    del inputs["exclude_item_id"]
    return inputs


def _output(outputs: Outputs, name: str, rows: int) -> NDArray[Any]:
    """An output [rows, any]."""
    if name not in outputs:
        raise ValueError(f"there is no output {name!r} among {sorted(outputs)}")
    array = from_proto(outputs[name])
    if array.ndim != 2 or len(array) != rows:
        raise ValueError(f"output {name!r} has shape {list(array.shape)}, not [{rows}, any]")
    return array


def _rows(outputs: Outputs, rows: int, ids: str, *numbers: str) -> list[list[tuple[Any, ...]]]:
    """Ids [rows, K] and numbers [rows, K], as rows of K tuples."""
    text = [[str(cell, "utf-8") for cell in row] for row in _strings(outputs, ids, rows)]
    columns = zip(text, *(_output(outputs, name, rows).tolist() for name in numbers), strict=True)
    return [list(zip(*row, strict=True)) for row in columns]


def _strings(outputs: Outputs, name: str, rows: int) -> list[list[bytes]]:
    array = _output(outputs, name, rows)
    if array.dtype != object:
        raise ValueError(f"output {name!r} is {array.dtype}, not string")
    strings: list[list[bytes]] = array.tolist()
    return strings
