"""Which calls are answered, and when a call that is refused may come again.

gRPC's own limit of calls (`maximum_concurrent_rpcs`) refuses without a word of when to return, and
a client that is told nothing can only stay away.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Iterator

from serving.model_server.errors import RefusedError
from serving.model_server.metrics import Metrics

_SMOOTHING = 0.1  # weight of the latest call in the mean
_FIRST_GUESS_S = 0.1
_SHORTEST_S, _LONGEST_S = 0.01, 10.0


class Admission:
    """Counts the calls of a server, and refuses those beyond a limit.

    By Little's law a place behind the calls in flight costs what calls take now. Callers that are
    refused are sent away for once to twice that, each for a time of its own, so that they do not
    come back together.

    Args:
        limit: Calls that may be answered or wait.
        metrics: What counts those that are refused.

    Attributes:
        in_flight: Calls that wait or are answered.
        call_s: Mean of what the latest calls took, their waiting included, in seconds.
    """

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit, self._metrics = limit, metrics
        self.in_flight = 0
        self.call_s = _FIRST_GUESS_S
        self._counting = threading.Lock()

    @contextlib.contextmanager
    def admitted(self) -> Iterator[None]:
        """A call, from its beginning to its end.

        Raises:
            RefusedError: There are too many; RESOURCE_EXHAUSTED.
        """
        with self._counting:
            if self.in_flight >= self._limit:
                self._metrics.refused()
                raise RefusedError(self._limit, self._wait_ms())
            self.in_flight += 1
        began = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - began
            with self._counting:
                self.in_flight -= 1
                self.call_s += _SMOOTHING * (seconds - self.call_s)

    def _wait_ms(self) -> int:
        seconds = min(max(self.call_s, _SHORTEST_S), _LONGEST_S)
        return round(1000 * seconds * random.uniform(1.0, 2.0))  # noqa: S311  # guards nothing
