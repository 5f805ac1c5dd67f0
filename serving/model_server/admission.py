"""Which calls are answered, and when a call that is refused may come again.

gRPC's own limit of calls (`maximum_concurrent_rpcs`) refuses without a word of when to return, and
a client that is told nothing can only stay away.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent import futures
from typing import Any

import grpc

from serving.calls.errors import PUSHBACK
from serving.model_server.errors import resource_exhausted

_SMOOTHING = 0.1  # weight of the latest call in the mean
_FIRST_GUESS_S = 0.1
_SHORTEST_S, _LONGEST_S = 0.01, 10.0
_REFUSING_THREADS = 2


class CallPool(futures.ThreadPoolExecutor):
    """Threads for calls; knows how many there are, waiting ones included, and how long they take.

    Attributes:
        in_flight: Calls that wait or are answered.
        call_s: Mean of what the latest calls took, their waiting included, in seconds.
    """

    def __init__(self, threads: int) -> None:
        super().__init__(max_workers=threads, thread_name_prefix="grpc")
        self.in_flight = 0
        self.call_s = _FIRST_GUESS_S
        self._counting = threading.Lock()

    def submit(
        self, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> futures.Future[Any]:
        """As any executor."""
        began = time.monotonic()
        with self._counting:
            self.in_flight += 1
        future = super().submit(function, *args, **kwargs)
        future.add_done_callback(lambda _: self._ended(time.monotonic() - began))
        return future

    def _ended(self, seconds: float) -> None:
        with self._counting:
            self.in_flight -= 1
            self.call_s += _SMOOTHING * (seconds - self.call_s)


class Admission(grpc.ServerInterceptor):
    """Refuses calls beyond a limit with RESOURCE_EXHAUSTED, and says when to come again.

    By Little's law a place behind the calls in flight costs what calls take now. Refused callers
    are sent away for once to twice that, each for a time of its own, so that they do not come back
    together.

    Args:
        pool: The threads that answer.
        limit: Calls that may be answered or wait.
    """

    def __init__(self, pool: CallPool, limit: int) -> None:
        self._pool = pool
        self._limit = limit
        # Threads of their own: a refusal must not wait behind the calls that are too many.
        self._refusing = futures.ThreadPoolExecutor(_REFUSING_THREADS, "grpc-refusals")
        refusal = _Refusal(self._refuse, self._refusing)
        self._refused = grpc.unary_unary_rpc_method_handler(refusal)

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        """Who answers a call."""
        return self._refused if self._pool.in_flight >= self._limit else continuation(details)

    def close(self) -> None:
        """Ends the threads."""
        self._refusing.shutdown()

    def _refuse(self, context: grpc.ServicerContext) -> None:
        seconds = min(max(self._pool.call_s, _SHORTEST_S), _LONGEST_S)
        wait_ms = round(1000 * seconds * random.uniform(1.0, 2.0))  # noqa: S311  # guards nothing
        context.set_trailing_metadata(((PUSHBACK, str(wait_ms)),))
        error = resource_exhausted(self._limit)
        context.abort(error.code, error.message)


class _Refusal:
    """A handler that refuses; gRPC runs it in the threads that its attribute names."""

    def __init__(
        self,
        refuse: Callable[[grpc.ServicerContext], None],
        threads: futures.ThreadPoolExecutor,
    ) -> None:
        self._refuse = refuse
        self.experimental_thread_pool = threads

    def __call__(self, request: bytes, context: grpc.ServicerContext) -> None:
        self._refuse(context)
