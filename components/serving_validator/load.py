"""Callers who come when they come: requests at random times, however long the answers take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import grpc
import numpy as np

_CALLERS = 32  # calls that are open at the same time at most
_SEED = 17


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        due: When the caller came, by the monotonic clock, seconds.
        ended: When the answer or the error came.
        version: The version that answered; None where the call failed.
        error: The gRPC status and its message; empty for an answer.
    """

    due: float
    ended: float
    version: int | None
    error: str = ""

    @property
    def milliseconds(self) -> float:
        """How long the caller waited."""
        return 1000.0 * (self.ended - self.due)


class Load:
    """Sends requests while the context is open; arrivals are a Poisson process.

    A wait counts from when the caller came, not from when a connection was free: a server that
    stands still is then charged for everyone who came meanwhile.

    Args:
        send: Sends the n-th request and returns the version that answered.
        rate: Requests a second, on average.

    Attributes:
        calls: Calls that have ended.
    """

    def __init__(self, send: Callable[[int], int], rate: float) -> None:
        self.calls: list[Call] = []
        self._send = send
        self._rate = rate
        self._stop = threading.Event()
        self._until = float("inf")
        self._callers = ThreadPoolExecutor(_CALLERS)
        self._sent: list[Future[None]] = []
        self._arrivals = threading.Thread(target=self._arrive, name="arrivals", daemon=True)

    def __enter__(self) -> Self:
        self._arrivals.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._until = time.monotonic()
        self._stop.set()
        self._arrivals.join()
        self._callers.shutdown()
        if kind is None:
            for sent in self._sent:
                sent.result()  # raises what is neither an answer nor a failed call

    def _arrive(self) -> None:
        random = np.random.default_rng(_SEED)
        due, number = time.monotonic(), 0
        while True:
            due += float(random.exponential(1.0 / self._rate))
            self._stop.wait(max(0.0, due - time.monotonic()))
            if due > self._until:  # who came before that is sent, however late this thread is
                return
            self._sent.append(self._callers.submit(self._call, number, due))
            number += 1

    def _call(self, number: int, due: float) -> None:
        version, reason = None, ""
        try:
            version = self._send(number)
        except grpc.RpcError as error:
            reason = f"{error.code().name}: {error.details()}"
        self.calls.append(Call(due, time.monotonic(), version, reason))
