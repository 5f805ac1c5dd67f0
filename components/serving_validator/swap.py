"""The candidate takes the place of the version now served, while callers keep calling."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from components.serving_validator.calls import Calls, Signatures, predict_request
from components.serving_validator.load import Call, Load
from serving.client import RecommenderClient, ServingError
from serving.embedded import EmbeddedServer
from serving.inputs import Inputs, query_inputs
from serving.query import Query

logger = logging.getLogger(__name__)

SWAP_MEASURES = frozenset(
    {"swap_calls", "swap_failed_calls", "swap_version_reversals", "swap_p99_ms"}
)
_MODEL = "recommender"
# Versions of the try-out: the candidate by itself, what is served now, and the candidate again.
ALONE, _SERVED, _CANDIDATE = 1, 2, 3
_LIST_LENGTH = 10
_BEFORE_SECONDS, _AFTER_SECONDS = 1.0, 2.0
_SETTLE_SECONDS = 1.0  # a swap ends this long after the first answer of the new version
_DEADLINE_SECONDS = 300.0
_POLL_SECONDS = 0.05
_SLOWEST, _FASTEST = 2.0, 50.0  # requests a second


class SwapError(Exception):
    """The candidate did not come to answer; the message says what was seen."""


Requests = Sequence[tuple[Any, Any]]


def requests_of_both(
    queries: Sequence[Query], served: Signatures, candidate: Signatures
) -> Requests:
    """Each query as a request to the served version, and as one to the candidate.

    The two differ where the candidate takes other inputs.
    """
    requests = []
    for query in queries:
        inputs: Inputs = {**query_inputs([query]), "top_k": np.int32(_LIST_LENGTH)}
        as_served, as_candidate = (
            predict_request(_MODEL, "recommend", inputs, declared)
            for declared in (served, candidate)
        )
        requests.append((as_served, as_candidate))
    return requests


def measure_swap(
    server: EmbeddedServer,
    folder: Path,
    served: Path,
    candidate: Path,
    requests: Requests,
    *,
    typical_ms: float,
) -> dict[str, float]:
    """Swaps the versions under load.

    The server has lived before, as one in production has: it takes the served version first.

    Args:
        server: A server of the versions in `folder`, of which there is one, `ALONE`.
        folder: Of the versions.
        served: Folder of the version now served.
        candidate: Folder of the candidate, with its warm-up requests.
        requests: From `requests_of_both`.
        typical_ms: Median time of an answer; callers come half as often as one alone could.

    Returns:
        `summary` of the calls; empty where the served version itself does not load any more.

    Raises:
        SwapError: The candidate did not answer in time.
    """
    publish(served, folder / str(_SERVED))
    if reason := _why_not_serving(server, _SERVED):
        logger.warning("Nothing is swapped: the served version does not load: %s", reason)
        return {}
    rate = min(max(500.0 / typical_ms, _SLOWEST), _FASTEST)
    with Calls(server.address) as calls, Load(_sender(calls, requests), rate) as load:
        time.sleep(_BEFORE_SECONDS)
        published = time.monotonic()
        publish(candidate, folder / str(_CANDIDATE))
        _wait_for_candidate(load, server)
        time.sleep(_AFTER_SECONDS)
    return summary(load.calls, published)


def _why_not_serving(server: EmbeddedServer, version: int) -> str:
    """Waits for a version; why it did not come to be served, "" where it did."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    with RecommenderClient(server.address, server.model_name, timeout_s=60.0) as client:
        while time.monotonic() < deadline:
            try:
                states = {status.version: status for status in client.status()}
            except ServingError as error:  # it brought the server down
                return str(error)
            found = states.get(version)
            if found and found.error:
                return found.error
            if found and found.state == "AVAILABLE":
                return ""
            time.sleep(_POLL_SECONDS)
    return f"it was not there within {_DEADLINE_SECONDS:.0f} s"


def publish(model: Path, version: Path) -> None:
    """Makes a model visible to the server, in one step."""
    version.symlink_to(model.resolve())


def summary(calls: Sequence[Call], published: float) -> dict[str, float]:
    """What callers saw from the moment the candidate was published.

    Args:
        calls: All calls; the candidate answered at least one.
        published: When it was published, by the monotonic clock.
    """
    took_over = _first_answer(calls)
    before = [call for call in calls if call.ended < published]
    since = [call for call in calls if call.ended >= published]
    during = [call for call in since if call.due <= took_over + _SETTLE_SECONDS]
    failed = [call for call in since if call.version is None]
    for call in failed[:3]:
        logger.warning("A call failed while versions were swapped: %s", call.error)
    reversed_ = [call for call in since if call.version == _SERVED and call.due > took_over]
    logger.info(
        "The candidate took over %.1f s after it was published; 99 %% of the callers waited at "
        "most %.0f ms before and %.0f ms meanwhile.",
        took_over - published,
        _p99_ms(before),
        _p99_ms(during),
    )
    return {
        "swap_calls": float(len(during)),
        "swap_failed_calls": float(len(failed)),
        "swap_version_reversals": float(len(reversed_)),
        "swap_p99_ms": _p99_ms(during),
    }


def _p99_ms(calls: Sequence[Call]) -> float:
    return float(np.percentile([call.milliseconds for call in calls], 99)) if calls else 0.0


def _first_answer(calls: Sequence[Call]) -> float:
    """When the candidate answered first; infinity if it has not yet."""
    return min((call.ended for call in calls if call.version == _CANDIDATE), default=float("inf"))


def _wait_for_candidate(load: Load, server: EmbeddedServer) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while _first_answer(list(load.calls)) == float("inf"):
        gone = not server.is_running()
        if gone or time.monotonic() > deadline:
            when = "before it ended" if gone else f"within {_DEADLINE_SECONDS:.0f} s"
            raise SwapError(
                "A candidate must take over from the version that is served. Received: no answer "
                f"from it {when}. The server's log says why: {server.log_path}."
            )
        time.sleep(_POLL_SECONDS)


def _sender(calls: Calls, requests: Requests) -> Callable[[int], int]:
    """Sends requests as `serving.client` does: a refused one again, as the new version takes it."""

    def send(number: int) -> int:
        as_served, as_candidate = requests[number % len(requests)]
        try:
            return calls.version(as_served)
        except grpc.RpcError as error:
            refused = error.code() is grpc.StatusCode.INVALID_ARGUMENT
            if not refused or as_served == as_candidate:
                raise
        return calls.version(as_candidate)

    return send
