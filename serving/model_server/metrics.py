"""Prometheus metrics with the names of TensorFlow Serving, and two that tell versions apart.

Dashboards and alerts written for the one then read the other. Prometheus' client writes counters
with a suffix `_total` that TensorFlow Serving does not have; it is taken off.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TypeVar

import grpc
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from serving.model_server.errors import RequestError

_SERVING, _LOADING = ":tensorflow:serving:", ":tensorflow:cc:saved_model:"
_OURS = ":sluice:serving:"
# 10 us to about 20 minutes; queries name an end by the six digits that TensorFlow Serving writes.
_BUCKETS_US = tuple(float(f"{10 * 1.8**i:g}") for i in range(33))
_RUNTIME = "TF1"  # what TensorFlow Serving calls a session
_TOTAL = re.compile(
    rb"^((?:# (?:HELP|TYPE) )?:(?:tensorflow|sluice):[a-z_:]+)_total(?=[ {])", re.MULTILINE
)

# Of calls whose caller gave up, for whatever reason. They are timed, too: a slow answer must be
# seen, though nobody waited for its end.
_CANCELLED: str = grpc.StatusCode.CANCELLED.name
_TIMED = ("OK", _CANCELLED)

S = TypeVar("S")


class Metrics:
    """What a server counts and times."""

    CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._requests = Counter(
            f"{_SERVING}request_count",
            "The total number of requests.",
            ["model_name", "status"],
            registry=self._registry,
        )
        self._latency = Histogram(
            f"{_SERVING}request_latency",
            "Microseconds from a request to its answer, of those answered.",
            ["model_name", "API", "entrypoint"],
            buckets=_BUCKETS_US,
            registry=self._registry,
        )
        self._runtime = Histogram(
            f"{_SERVING}runtime_latency",
            "Microseconds that TensorFlow took for a request, of those answered.",
            ["model_name", "API", "runtime"],
            buckets=_BUCKETS_US,
            registry=self._registry,
        )
        self._loads = Counter(
            f"{_LOADING}load_attempt_count",
            "How often a SavedModel was loaded, by outcome.",
            ["model_path", "status"],
            registry=self._registry,
        )
        self._load_time = Counter(
            f"{_LOADING}load_latency",
            "Microseconds spent loading a SavedModel.",
            ["model_path"],
            registry=self._registry,
        )

        self._version_requests = Counter(
            f"{_OURS}version_requests",
            "The requests that a version was to answer.",
            ["model_name", "version", "status"],
            registry=self._registry,
        )
        self._version_latency = Histogram(
            f"{_OURS}version_latency",
            "Microseconds that a version took for a request, of those answered.",
            ["model_name", "version"],
            buckets=_BUCKETS_US,
            registry=self._registry,
        )

    def refused(self) -> None:
        """Count a call that is not admitted; of which model it was, nobody has read."""
        self._requests.labels("", grpc.StatusCode.RESOURCE_EXHAUSTED.name).inc()

    def call(
        self, model_name: str, api: str, entrypoint: str
    ) -> contextlib.AbstractContextManager[None]:
        """Count and time one call; one whose caller gives up is CANCELLED, and took until then.

        Args:
            model_name: A model that is served, or empty: what callers send would never end.
            api: Predict, Classify, Regress or MultiInference.
            entrypoint: GRPC or REST.
        """

        def ended(status: str, microseconds: float) -> None:
            if status in _TIMED:
                self._latency.labels(model_name, api, entrypoint).observe(microseconds)
            self._requests.labels(model_name, status).inc()

        return _until_the_end(ended)

    def computing(
        self, model_name: str, api: str, version: int
    ) -> contextlib.AbstractContextManager[None]:
        """Count and time the computation of one call, with the batch that it may wait for.

        Args:
            model_name: A model that is served.
            api: Predict, Classify, Regress or MultiInference.
            version: The version that computes.
        """

        def ended(status: str, microseconds: float) -> None:
            if status in _TIMED:
                self._runtime.labels(model_name, api, _RUNTIME).observe(microseconds)
                self._version_latency.labels(model_name, version).observe(microseconds)
            self._version_requests.labels(model_name, version, status).inc()

        return _until_the_end(ended)

    def loading(self, load: Callable[[Path, int], S]) -> Callable[[Path, int], S]:
        """The same way of loading a version, counted and timed."""

        def measured(path: Path, version: int) -> S:
            started, status = time.perf_counter(), "fail"
            try:
                servable = load(path, version)
                status = "success"
                return servable
            finally:
                self._loads.labels(str(path), status).inc()
                microseconds = (time.perf_counter() - started) * 1e6
                self._load_time.labels(str(path)).inc(microseconds)

        return measured

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return _TOTAL.sub(rb"\1", generate_latest(self._registry))


@contextlib.contextmanager
def _until_the_end(ended: Callable[[str, float], None]) -> Iterator[None]:
    """Tells, once it is left, how it was left and after how many microseconds."""
    started, status = time.perf_counter(), "OK"
    try:
        yield
    except BaseException as error:
        status = _status(error)
        raise
    finally:
        ended(status, (time.perf_counter() - started) * 1e6)


def _status(error: BaseException) -> str:
    """The status of a call that raised."""
    if isinstance(error, asyncio.CancelledError | CancelledError):
        return _CANCELLED
    code = error.code if isinstance(error, RequestError) else grpc.StatusCode.INTERNAL
    name: str = code.name
    return name
