"""Concurrent requests of one signature, joined along the first dimension and computed at once.

A request that finds no open batch opens one, which waits for a free thread; those that come
meanwhile join. With nothing else to do it is computed at once, so an idle server answers as fast as
without batching. An answer is a future, which a caller who gives up cancels. What cannot be joined
is computed alone, so the answers are the same as without batching: TensorFlow Serving refuses a
request with a scalar input, here requests with equal scalars are joined.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from serving.model_server.batch_threads import Answer, BatchThreads, nothing
from serving.model_server.batching_config import Batching
from serving.model_server.errors import RequestError, invalid_argument
from serving.model_server.joining import join, split
from serving.model_server.signatures import Signature

logger = logging.getLogger(__name__)

Arrays = Sequence[NDArray[Any]]
Outputs = dict[str, NDArray[Any]]
Execute = Callable[[Signature, Arrays, Sequence[str]], Outputs]
Submit = Callable[[Signature, Arrays, Sequence[str]], "Future[Outputs]"]


class Batcher:
    """Joins the requests of all models of a server.

    Args:
        options: How.
    """

    def __init__(self, options: Batching) -> None:
        self._options = options
        self._threads = BatchThreads(options.num_batch_threads)

    def batched(self, execute: Execute) -> Submit:
        """The same computation, of one version of a model, with its requests joined."""
        return _Batches(self._options, self._threads, execute).submit


@dataclasses.dataclass
class _Request:
    feeds: Arrays
    rows: int
    answer: Future[Outputs] = dataclasses.field(default_factory=Future)


class _Batch:
    """Requests that are computed together."""

    def __init__(self, signature: Signature, fetches: Sequence[str], key: Hashable) -> None:
        self.signature, self.fetches, self.key = signature, fetches, key
        self.requests: list[_Request] = []
        self.rows = 0
        self.handed_over = False

    def add(self, request: _Request) -> Future[Outputs]:
        """Join; returns the answer to this request."""
        self.requests.append(request)
        self.rows += request.rows
        return request.answer


class _Batches:
    """The open batches of one version of a model."""

    def __init__(self, options: Batching, threads: BatchThreads, execute: Execute) -> None:
        self._options = options
        self._threads = threads
        self._execute = execute
        self._lock = threading.Lock()
        self._open: dict[Hashable, _Batch] = {}
        self._waiting: Counter[str] = Counter()  # signature -> batches
        self._alone: set[str] = set()  # signatures whose outputs turned out to have no rows

    def submit(
        self, signature: Signature, feeds: Arrays, fetches: Sequence[str]
    ) -> Future[Outputs]:
        """Compute a request, with others where there are any.

        One that is cancelled before its batch is computed is left out of it.

        Returns:
            The answer, or the RequestError that the graph refuses the values with.

        Raises:
            RequestError: INVALID_ARGUMENT for more rows than a batch may have, UNAVAILABLE when
                too many batches wait.
        """
        rows = self._rows(signature, feeds, fetches)
        if rows is None:
            alone = _Batch(signature, fetches, None)
            answer = alone.add(_Request(feeds, 1))
            self._threads.submit(functools.partial(self._compute_alone, alone))
            return answer
        if rows <= self._options.max_batch_size:
            return self._join(signature, feeds, fetches, rows)
        if self._options.split_size is None:
            raise invalid_argument(
                f"a request may have at most max_batch_size = {self._options.max_batch_size} rows, "
                f"received {rows}. Send fewer at a time"
            )
        pieces = _pieces(feeds, rows, self._options.split_size)
        return self._one_after_the_other(signature, fetches, pieces)

    def _one_after_the_other(
        self, signature: Signature, fetches: Sequence[str], pieces: Sequence[tuple[Arrays, int]]
    ) -> Future[Outputs]:
        """The pieces of a request; each is computed when the one before it is."""
        joined: Future[Outputs] = Future()
        joined.set_running_or_notify_cancel()  # so that it is waited for whoever gives up
        left, parts = iter(pieces), list[Outputs]()

        def go_on(before: Future[Outputs] | None = None) -> None:
            try:
                if before is not None:
                    parts.append(before.result())
                feeds, rows = next(left, (None, 0))
                if feeds is None:
                    joined.set_result(
                        {name: np.concatenate([part[name] for part in parts]) for name in fetches}
                    )
                    return
                self._join(signature, feeds, fetches, rows).add_done_callback(go_on)
            except Exception as error:  # noqa: BLE001 -- those who wait must hear of it
                joined.set_exception(error)

        go_on()
        return joined

    def _rows(self, signature: Signature, feeds: Arrays, fetches: Sequence[str]) -> int | None:
        """Rows of a request; None when it cannot be joined with another."""
        if signature.name in self._alone or not signature.has_rows(fetches):
            return None
        sizes = {len(array) for array in feeds if array.ndim}
        return sizes.pop() or None if len(sizes) == 1 else None

    def _join(
        self, signature: Signature, feeds: Arrays, fetches: Sequence[str], rows: int
    ) -> Future[Outputs]:
        key = self._key(signature, feeds, fetches)
        with self._lock:
            batch = self._open.get(key)
            if batch is None or batch.rows + rows > self._options.max_batch_size:
                full, batch = batch, self._opened(_Batch(signature, fetches, key))
                if full is not None:
                    self._hand_over(full)
            answer = batch.add(_Request(feeds, rows))
            if batch.rows == self._options.max_batch_size or not self._options.batch_timeout_s:
                self._hand_over(batch)
        return answer

    def _opened(self, batch: _Batch) -> _Batch:
        """The batch, which others may join from now on."""
        name = batch.signature.name
        if self._waiting[name] >= self._options.max_enqueued_batches:
            raise _queue_is_full(batch.signature, self._options.max_enqueued_batches)
        self._open[batch.key] = batch
        self._waiting[name] += 1
        if self._options.batch_timeout_s:
            self._hand_over_later(batch)
        return batch

    def _hand_over(self, batch: _Batch) -> None:
        """Let the next free thread compute a batch; until then others may join."""
        if not batch.handed_over:
            batch.handed_over = True
            self._threads.submit(functools.partial(self._compute, batch))

    def _hand_over_later(self, batch: _Batch) -> None:
        def now() -> None:
            with self._lock:
                self._hand_over(batch)

        timer = threading.Timer(self._options.batch_timeout_s, now)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # no further thread can be had
            self._hand_over(batch)

    def _compute(self, batch: _Batch, answer_before: Answer) -> Answer:
        """Computes a batch; returns what gives its answers."""
        asked = self._closed(batch)
        if not asked:
            return answer_before
        try:
            try:
                feeds, rows = self._ready(asked)
            finally:
                answer_before()
            return self._computed(asked, batch, feeds, rows)
        except Exception as error:  # noqa: BLE001 -- whatever it is, those who wait must hear of it
            return functools.partial(_refuse, asked, error)

    def _compute_alone(self, batch: _Batch, answer_before: Answer) -> Answer:
        answer_before()
        self._answer_each(_still_asked(batch), batch)
        return nothing

    def _closed(self, batch: _Batch) -> list[_Request]:
        """Those who still want an answer; nobody joins from here on."""
        with self._lock:
            if self._open.get(batch.key) is batch:
                del self._open[batch.key]
            self._waiting[batch.signature.name] -= 1
        return _still_asked(batch)

    def _ready(self, asked: list[_Request]) -> tuple[Arrays, int]:
        """What is computed, and its rows."""
        total = sum(request.rows for request in asked)
        padded = self._options.padded(total)
        return join([request.feeds for request in asked], padded - total), padded

    def _computed(self, asked: list[_Request], batch: _Batch, feeds: Arrays, padded: int) -> Answer:
        rows = [request.rows for request in asked]
        try:
            outputs = self._execute(batch.signature, feeds, batch.fetches)
        except RequestError as error:
            if len(asked) == 1 and padded == rows[0]:
                return functools.partial(_refuse, asked, error)
            self._answer_each(asked, batch)  # a bad one must not fail the others
            return nothing
        if any(array.ndim == 0 or len(array) != padded for array in outputs.values()):
            name = batch.signature.name
            logger.warning("outputs of signature %r have no rows: not batched", name)
            self._alone.add(name)
            self._answer_each(asked, batch)
            return nothing
        return functools.partial(_answer, asked, list(split(outputs, rows)))

    def _answer_each(self, asked: list[_Request], batch: _Batch) -> None:
        for request in asked:
            try:
                answer = self._execute(batch.signature, request.feeds, batch.fetches)
            except Exception as error:  # noqa: BLE001 -- whoever waits must hear of it
                request.answer.set_exception(error)
            else:
                request.answer.set_result(answer)

    def _key(self, signature: Signature, feeds: Arrays, fetches: Sequence[str]) -> Hashable:
        """Requests of equal keys can be joined."""
        scalars = tuple(array.item() for array in feeds if array.ndim == 0)
        shapes = () if self._options.pad_variable_length_inputs else _inner_shapes(feeds)
        return signature.name, *fetches, scalars, shapes


def _still_asked(batch: _Batch) -> list[_Request]:
    return [one for one in batch.requests if one.answer.set_running_or_notify_cancel()]


def _answer(asked: list[_Request], answers: list[Outputs]) -> None:
    for request, answer in zip(asked, answers, strict=True):
        request.answer.set_result(answer)


def _refuse(asked: list[_Request], error: Exception) -> None:
    for request in asked:
        request.answer.set_exception(error)


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
