"""The metrics pages of servers: how many requests the two arms had, how many failed or were slow.

TensorFlow Serving counts by model, not by version. Against it, the version that is tried out needs
servers of its own, and each arm is read from its own pages. The embedded server counts by version,
too, so one page tells of both arms.
"""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from pipeline.deployment.metrics import LATENCY, REQUESTS
from pipeline.errors import RunError
from pipeline.serving_folder import MODEL_NAME

VERSION_REQUESTS = ":sluice:serving:version_requests"
VERSION_LATENCY = ":sluice:serving:version_latency"
_GIVEN_UP = "CANCELLED"  # by the caller: a deadline, or another attempt was faster
_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Counts:
    """What an arm has done.

    Attributes:
        requests: Requests that were decided.
        failed: Those that were not answered, whatever the reason: callers' own mistakes are as
            frequent in both arms.
        answers: Answers that were timed.
        slow: Those that took too long.
    """

    requests: float = 0.0
    failed: float = 0.0
    answers: float = 0.0
    slow: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.requests + other.requests,
            self.failed + other.failed,
            self.answers + other.answers,
            self.slow + other.slow,
        )

    def since(self, before: Counts) -> Counts:
        """What was added since; all of it where the server began anew meanwhile."""
        if self.requests < before.requests or self.answers < before.answers:
            return self
        return Counts(
            self.requests - before.requests,
            self.failed - before.failed,
            self.answers - before.answers,
            self.slow - before.slow,
        )


@dataclass(frozen=True)
class Arm:
    """Where the counts of an arm are found.

    Attributes:
        pages: Addresses of the metrics pages of its servers.
        version: The version whose counts are read; None for all that the servers count.
        slow_micros: End of the largest class of time that is not slow, microseconds.
    """

    pages: Sequence[str]
    version: int | None
    slow_micros: float

    def counts(self, page: str) -> Counts:
        """The counts of one page's text.

        Raises:
            OSError: It is no page of metrics: what answers is not the server, or not yet.
            RunError: It does not tell versions apart.
        """
        try:
            return self._counts(page)
        except (ValueError, KeyError) as error:
            raise OSError(
                f"a metrics page is what a server writes for Prometheus. Received: {page[:80]!r}, "
                f"where {error!r} came up"
            ) from error

    def _counts(self, page: str) -> Counts:
        families = list(text_string_to_metric_families(page))
        samples = [sample for family in families for sample in family.samples]
        if self.version is None:
            return _counted(samples, REQUESTS, LATENCY, self.slow_micros, lambda _: True)
        if not any(family.name == VERSION_REQUESTS for family in families):
            raise RunError(
                "a page tells versions apart, as that of the embedded server does. Received: "
                f"one without {VERSION_REQUESTS}. TensorFlow Serving counts by model: give the "
                "canary servers of its own, and name their pages with --canary-metrics."
            )
        version = str(self.version)
        return _counted(
            samples,
            VERSION_REQUESTS,
            VERSION_LATENCY,
            self.slow_micros,
            lambda sample: sample.labels.get("version") == version,
        )


class ArmReader:
    """Reads an arm's counts since it was made; a server that restarts loses none of them."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._before = {page: arm.counts(fetch(page)) for page in arm.pages}
        self._sum = Counts()

    def read(self) -> Counts:
        """The counts of now.

        Raises:
            OSError: A page cannot be had, or is none of metrics.
        """
        now = {page: self._arm.counts(fetch(page)) for page in self._arm.pages}
        for page, counts in now.items():
            self._sum += counts.since(self._before[page])
        self._before = now
        return self._sum


def fetch(address: str) -> str:
    """The text of a metrics page.

    Raises:
        OSError: It cannot be had, or is no text.
        RunError: The address is none of HTTP.
    """
    if not address.startswith(("http://", "https://")):
        raise RunError(
            f"a metrics page has an address of HTTP. Received: {address!r}. Write, for example, "
            "http://localhost:8501/monitoring/prometheus/metrics."
        )
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:  # noqa: S310 -- checked
            text: str = answer.read().decode()
    except http.client.HTTPException as error:
        raise OSError(f"{address} broke its answer off: {error!r}") from error
    except UnicodeDecodeError as error:
        raise OSError(f"{address} answers with what is no text: {error}") from error
    return text


def _counted(
    samples: Iterable[Sample],
    requests: str,
    latency: str,
    slow_micros: float,
    ours: Callable[[Sample], bool],
) -> Counts:
    found = [s for s in samples if s.labels.get("model_name") == MODEL_NAME and ours(s)]
    total = {"requests": 0.0, "failed": 0.0, "answers": 0.0, "fast": 0.0}
    for sample in found:
        if _name(sample) == requests:
            if sample.labels["status"] == _GIVEN_UP:
                continue
            total["requests"] += sample.value
            total["failed"] += sample.value * (sample.labels["status"] != "OK")
        elif sample.name == f"{latency}_count":
            total["answers"] += sample.value
        elif sample.name == f"{latency}_bucket" and _is_at(sample.labels["le"], slow_micros):
            total["fast"] += sample.value
    slow = total["answers"] - total["fast"]
    return Counts(total["requests"], total["failed"], total["answers"], slow)


def _name(sample: Sample) -> str:
    # The parser gives counters a suffix that the servers do not write.
    name: str = sample.name
    return name.removesuffix("_total")


def _is_at(end: str, micros: float) -> bool:
    # The servers write six digits.
    return abs(float(end) - micros) <= 1e-4 * micros
