"""Measures traffic again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import polars as pl
import pyarrow as pa

from components.traffic.measure import Traffic
from components.traffic.metrics import TrafficMetrics
from transform.errors import DataError

_log = logging.getLogger(__name__)


class Watch:
    """Keeps the measures fresh. A log that cannot be read now is read the next time.

    Args:
        measure: Measures once.
        metrics: Where the measures go.
        every_s: From the end of one measurement to the begin of the next, seconds.
    """

    def __init__(
        self, measure: Callable[[], Traffic], metrics: TrafficMetrics, every_s: float
    ) -> None:
        self._measure, self._metrics, self._every_s = measure, metrics, every_s
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Lets `run` end soon; for signal handlers and other threads."""
        self._stopped.set()

    def run(self) -> None:
        """Measures until it is stopped."""
        while not self._stopped.is_set():
            try:
                self._metrics.latest = self._measure()
            except (OSError, DataError, pa.ArrowException, pl.exceptions.PolarsError) as error:
                # The measures stay as they were, and their time tells how old they are.
                self._metrics.failures += 1
                _log.warning("measuring again in %.0f s: %s", self._every_s, error)
            self._stopped.wait(self._every_s)
