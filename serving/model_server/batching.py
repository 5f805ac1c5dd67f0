"""Concurrent requests of one signature, joined along the first dimension and computed at once.

A request that finds no open batch opens one and leads it: it waits for a free slot, and those that
come meanwhile join. With nothing else to do the leader computes at once in its own thread, so an
idle server answers as fast as without batching. What cannot be joined is computed alone, so the
answers are the same as without batching: TensorFlow Serving refuses a request with a scalar input,
here requests with equal scalars are joined.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from serving.model_server.batching_config import Batching
from serving.model_server.errors import RequestError, invalid_argument
from serving.model_server.joining import join, split
from serving.model_server.signatures import Signature

logger = logging.getLogger(__name__)

Arrays = Sequence[NDArray[Any]]
Outputs = dict[str, NDArray[Any]]
Execute = Callable[[Signature, Arrays, Sequence[str]], Outputs]


class Batcher:
    """Joins the requests of all models of a server.

    Args:
        options: How.
    """

    def __init__(self, options: Batching) -> None:
        self._options = options
        self._slots = threading.Semaphore(options.num_batch_threads)

    def batched(self, execute: Execute) -> Execute:
        """The same computation, of one version of a model, with its requests joined."""
        return _Batches(self._options, self._slots, execute).run


class _Batch:
    """Requests that are computed together; the first of them leads."""

    def __init__(self) -> None:
        self.requests: list[Arrays] = []
        self.rows: list[int] = []
        self.answers: list[Outputs | RequestError] = []
        self.failure: BaseException | None = None
        self.full = threading.Event()
        self.done = threading.Event()

    def add(self, feeds: Arrays, rows: int) -> int:
        """Join; returns the place of this request."""
        self.requests.append(feeds)
        self.rows.append(rows)
        return len(self.rows) - 1

    def answer(self, place: int) -> Outputs:
        """The answer to one request, once the batch is done."""
        if self.failure is not None:
            raise self.failure
        answer = self.answers[place]
        if isinstance(answer, RequestError):
            raise answer
        return answer


class _Batches:
    """The open batches of one version of a model."""

    def __init__(self, options: Batching, slots: threading.Semaphore, execute: Execute) -> None:
        self._options = options
        self._slots = slots
        self._execute = execute
        self._lock = threading.Lock()
        self._open: dict[Hashable, _Batch] = {}
        self._waiting: Counter[str] = Counter()  # signature -> batches
        self._alone: set[str] = set()  # signatures whose outputs turned out to have no rows

    def run(self, signature: Signature, feeds: Arrays, fetches: Sequence[str]) -> Outputs:
        """Compute a request, with others where there are any.

        Raises:
            RequestError: As without batching; INVALID_ARGUMENT for more rows than a batch may
                have, UNAVAILABLE when too many batches wait.
        """
        rows = self._rows(signature, feeds, fetches)
        if rows is None:
            return self._execute(signature, feeds, fetches)
        if rows <= self._options.max_batch_size:
            return self._join(signature, feeds, fetches, rows)
        if self._options.split_size is None:
            raise invalid_argument(
                f"a request may have at most max_batch_size = {self._options.max_batch_size} rows, "
                f"received {rows}. Send fewer at a time"
            )
        pieces = [
            self._join(signature, piece, fetches, len_of)
            for piece, len_of in _pieces(feeds, rows, self._options.split_size)
        ]
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in fetches}

    def _rows(self, signature: Signature, feeds: Arrays, fetches: Sequence[str]) -> int | None:
        """Rows of a request; None when it cannot be joined with another."""
        if signature.name in self._alone or not signature.has_rows(fetches):
            return None
        sizes = {len(array) for array in feeds if array.ndim}
        return sizes.pop() or None if len(sizes) == 1 else None

    def _join(
        self, signature: Signature, feeds: Arrays, fetches: Sequence[str], rows: int
    ) -> Outputs:
        key = self._key(signature, feeds, fetches)
        with self._lock:
            batch = self._open.get(key)
            leads = batch is None or sum(batch.rows) + rows > self._options.max_batch_size
            if leads or batch is None:
                if self._waiting[signature.name] >= self._options.max_enqueued_batches:
                    raise _queue_is_full(signature, self._options.max_enqueued_batches)
                if batch is not None:
                    batch.full.set()
                batch = self._open[key] = _Batch()
                self._waiting[signature.name] += 1
            place = batch.add(feeds, rows)
            if sum(batch.rows) == self._options.max_batch_size:
                batch.full.set()
        if leads:
            self._lead(batch, key, signature, fetches)
        batch.done.wait()
        return batch.answer(place)

    def _lead(
        self, batch: _Batch, key: Hashable, signature: Signature, fetches: Sequence[str]
    ) -> None:
        try:
            if self._options.batch_timeout_s:
                batch.full.wait(self._options.batch_timeout_s)
            with self._slots:
                with self._lock:  # nobody joins from here on
                    if self._open.get(key) is batch:
                        del self._open[key]
                    self._waiting[signature.name] -= 1
                batch.answers = self._compute(batch, signature, fetches)
        except BaseException as error:
            batch.failure = error
            raise
        finally:
            batch.done.set()

    def _compute(
        self, batch: _Batch, signature: Signature, fetches: Sequence[str]
    ) -> list[Outputs | RequestError]:
        total = sum(batch.rows)
        padded = self._options.padded(total)
        feeds = join(batch.requests, padded - total)
        try:
            outputs = self._execute(signature, feeds, fetches)
        except RequestError as error:
            if len(batch.requests) == 1 and padded == total:
                return [error]
            return self._each(batch, signature, fetches)  # a bad one must not fail the others
        if any(array.ndim == 0 or len(array) != padded for array in outputs.values()):
            logger.warning("outputs of signature %r have no rows: not batched", signature.name)
            self._alone.add(signature.name)
            return self._each(batch, signature, fetches)
        return list(split(outputs, batch.rows))

    def _each(
        self, batch: _Batch, signature: Signature, fetches: Sequence[str]
    ) -> list[Outputs | RequestError]:
        answers: list[Outputs | RequestError] = []
        for feeds in batch.requests:
            try:
                answers.append(self._execute(signature, feeds, fetches))
            except RequestError as error:
                answers.append(error)
        return answers

    def _key(self, signature: Signature, feeds: Arrays, fetches: Sequence[str]) -> Hashable:
        """Requests of equal keys can be joined."""
        scalars = tuple(array.item() for array in feeds if array.ndim == 0)
        shapes = () if self._options.pad_variable_length_inputs else _inner_shapes(feeds)
        return signature.name, *fetches, scalars, shapes


def _inner_shapes(feeds: Arrays) -> tuple[tuple[int, ...], ...]:
    return tuple(array.shape[1:] for array in feeds)


def _pieces(feeds: Arrays, rows: int, size: int) -> list[tuple[Arrays, int]]:
    return [
        ([array[at : at + size] if array.ndim else array for array in feeds], min(size, rows - at))
        for at in range(0, rows, size)
    ]


def _queue_is_full(signature: Signature, limit: int) -> RequestError:
    return RequestError(
        grpc.StatusCode.UNAVAILABLE,
        f"the batch scheduling queue of signature {signature.name!r} is full: {limit} batches wait "
        "(max_enqueued_batches). Try again later, or add servers",
    )
