"""How concurrent requests are joined, from a BatchingParameters file."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from serving.model_server.errors import StartError
from serving.model_server.text_protos import message, read_text_proto

_POSITIVE = (
    "max_batch_size",
    "max_enqueued_batches",
    "num_batch_threads",
    "max_execution_batch_size",
)


@dataclasses.dataclass(frozen=True)
class Batching:
    """TensorFlow Serving's BatchingParameters, with its defaults.

    Attributes:
        max_batch_size: Most rows of a batch.
        batch_timeout_s: Longest wait for further requests to join the first of a batch.
        max_enqueued_batches: Batches of one signature that may wait; more are refused.
        num_batch_threads: Batches that are computed at the same time.
        allowed_batch_sizes: Batches are padded to the next of these row counts; empty for any.
        pad_variable_length_inputs: Also join inputs of different lengths, padded with 0 or "".
        split_size: Rows of the pieces that a larger request is cut into; None refuses it.
    """

    max_batch_size: int = 1000
    batch_timeout_s: float = 0.0
    max_enqueued_batches: int = 10
    num_batch_threads: int = dataclasses.field(default_factory=lambda: os.cpu_count() or 1)
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    split_size: int | None = None

    def padded(self, rows: int) -> int:
        """The row count that a batch of `rows` is padded to."""
        return next((size for size in self.allowed_batch_sizes if size >= rows), rows)


def read_batching(path: Path) -> Batching:
    """The batching that a `--batching_parameters_file` asks for.

    Raises:
        StartError: The file is not a BatchingParameters, or breaks a rule of the scheduler.
    """
    proto = read_text_proto(path, message("BatchingParameters"), "--batching_parameters_file")
    given = {
        field.name: value.value for field, value in proto.ListFields() if hasattr(value, "value")
    }
    for name in _POSITIVE:
        if given.get(name, 1) < 1:
            raise StartError(f"{name} in {path} must be at least 1, received {given[name]}")
    if given.get("batch_timeout_micros", 0) < 0:
        raise StartError(
            f"batch_timeout_micros in {path} must be at least 0, received "
            f"{given['batch_timeout_micros']}"
        )
    most = given.get("max_batch_size", Batching.max_batch_size)
    split = most if given.get("enable_large_batch_splitting") else None
    if split is not None:
        split = min(given.get("max_execution_batch_size", most), most)
    largest = split or most
    sizes = tuple(proto.allowed_batch_sizes)
    ascending = list(sizes) == sorted(set(sizes)) and min(sizes, default=1) >= 1
    if sizes and (not ascending or sizes[-1] != largest):
        raise StartError(
            f"allowed_batch_sizes in {path} must be positive, ascending and end with the largest "
            f"batch, {largest}; received {list(sizes)}"
        )
    return Batching(
        max_batch_size=largest,
        batch_timeout_s=given.get("batch_timeout_micros", 0) / 1e6,
        max_enqueued_batches=given.get("max_enqueued_batches", Batching.max_enqueued_batches),
        num_batch_threads=given.get("num_batch_threads", os.cpu_count() or 1),
        allowed_batch_sizes=sizes,
        pad_variable_length_inputs=proto.pad_variable_length_inputs,
        split_size=split,
    )
