"""The candidate takes the place of the version now served, while callers keep calling."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from components.serving_validator.calls import Calls, Signatures, predict_request
from components.serving_validator.load import Call, Load
from serving.embedded import EmbeddedServerError, embedded_server
from serving.inputs import Inputs, query_inputs
from serving.query import Query

logger = logging.getLogger(__name__)

SWAP_MEASURES = frozenset(
    {"swap_calls", "swap_failed_calls", "swap_version_reversals", "swap_p99_ms"}
)
_MODEL = "recommender"
_SERVED, _CANDIDATE = 1, 2  # versions of the try-out
_LIST_LENGTH = 10
_BEFORE_SECONDS, _AFTER_SECONDS = 3.0, 2.0
_SETTLE_SECONDS = 1.0  # a swap ends this long after the first answer of the new version
_DEADLINE_SECONDS = 300.0
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
    folder: Path, served: Path, candidate: Path, requests: Requests, *, typical_ms: float, log: Path
) -> dict[str, float]:
    """Swaps the versions under load.

    Args:
        folder: An empty folder for the versions.
        served: Folder of the version now served.
        candidate: Folder of the candidate, with its warm-up requests.
        requests: From `requests_of_both`.
        typical_ms: Median time of an answer; callers come half as often as one alone could.
        log: File for what the server prints.

    Returns:
        `summary` of the calls; empty where the served version itself does not load any more.

    Raises:
        SwapError: The candidate did not answer in time.
    """
    (folder / str(_SERVED)).symlink_to(served.resolve())
    rate = min(max(500.0 / typical_ms, _SLOWEST), _FASTEST)
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(embedded_server(folder, log_path=log))
        except EmbeddedServerError:
            logger.warning("Nothing is swapped: the served version does not load.", exc_info=True)
            return {}
        send = _sender(stack.enter_context(Calls(server.address)), requests)
        load = stack.enter_context(Load(send, rate))
        time.sleep(_BEFORE_SECONDS)
        published = time.monotonic()
        publish(candidate, folder / str(_CANDIDATE))
        _wait_for_candidate(load, log)
        time.sleep(_AFTER_SECONDS)
    return summary(load.calls, published)


def publish(candidate: Path, version: Path) -> None:
    """Makes the candidate visible to the server, in one step."""
    version.symlink_to(candidate.resolve())


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


def _wait_for_candidate(load: Load, log: Path) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while _first_answer(list(load.calls)) == float("inf"):
        if time.monotonic() > deadline:
            raise SwapError(
                "A candidate must take over from the version that is served. Received: no answer "
                f"from it within {_DEADLINE_SECONDS:.0f} s. The server's log says why: {log}."
            )
        time.sleep(0.05)


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
