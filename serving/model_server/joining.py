"""Requests to one batch, and the outputs of the batch to answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def join(requests: Sequence[Sequence[NDArray[Any]]], further_rows: int = 0) -> list[NDArray[Any]]:
    """The inputs of several requests, one below the other.

    Inputs of different lengths are padded at the end, with 0 or `""`.

    Args:
        requests: For each request, an array for each input; scalars are equal in all of them.
        further_rows: Copies of the first row to add below, so that the batch has a size that the
            model has seen before.
    """
    return [_join(list(parts), further_rows) for parts in zip(*requests, strict=True)]


def split(
    outputs: Mapping[str, NDArray[Any]], rows: Sequence[int]
) -> Iterator[dict[str, NDArray[Any]]]:
    """The outputs of each request; what lies below the last one is left out."""
    at = 0
    for count in rows:
        yield {name: array[at : at + count] for name, array in outputs.items()}
        at += count


def _join(parts: list[NDArray[Any]], further_rows: int) -> NDArray[Any]:
    first = parts[0]
    if first.ndim == 0:
        return first
    if further_rows:
        parts.append(np.repeat(first[:1], further_rows, axis=0))
    if len(parts) == 1:
        return first
    inner = tuple(np.max([part.shape[1:] for part in parts], axis=0).tolist())
    if all(part.shape[1:] == inner for part in parts):
        return np.concatenate(parts)
    joined = np.full((sum(map(len, parts)), *inner), _padding(first), dtype=first.dtype)
    at = 0
    for part in parts:
        joined[(slice(at, at + len(part)), *map(slice, part.shape[1:]))] = part
        at += len(part)
    return joined


def _padding(array: NDArray[Any]) -> Any:
    return b"" if array.dtype == object else array.dtype.type(0)
