"""The candidate takes the place of the version now served, while callers keep calling."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from components.serving_validator.calls import Calls, Signatures, predict_request
from components.serving_validator.load import Call, Load
from serving.embedded import EmbeddedServer, EmbeddedServerError, embedded_server
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
        `summary` of the calls; empty where the served version does not load by itself any more.

    Raises:
        SwapError: The candidate did not answer in time, or the served version loads by itself, but
            not beside it.
    """
    publish(served, folder / str(_SERVED))
    if reason := server.why_not_available(_SERVED, _DEADLINE_SECONDS):
        server.end()  # what it holds may be what the served version lacks
        _require_fault_of_its_own(served, reason, server.log_path)
        return {}
    rate = min(max(500.0 / typical_ms, _SLOWEST), _FASTEST)
    with Calls(server.address) as calls, Load(_sender(calls, requests), rate) as load:
        time.sleep(_BEFORE_SECONDS)
        published = time.monotonic()
        publish(candidate, folder / str(_CANDIDATE))
        _wait_for_candidate(load, server)
        time.sleep(_AFTER_SECONDS)
    return summary(load.calls, published)


def _require_fault_of_its_own(served: Path, reason: str, log: Path) -> None:
    """Tries the served version by itself: the candidate is excused only if it fails there too.

    Args:
        served: Its folder.
        reason: Why it did not load beside the candidate.
        log: Of the server of both; that of this one is written beside it.

    Raises:
        SwapError: It loads.
    """
    with tempfile.TemporaryDirectory() as base:
        publish(served, Path(base) / str(_SERVED))
        try:
            with embedded_server(
                Path(base),
                log_path=log.with_name("served_alone.log"),
                startup_deadline_s=_DEADLINE_SECONDS,
            ):
                pass
        except EmbeddedServerError as error:
            logger.warning("Nothing is swapped: the served version does not load: %s", error)
            return
    raise SwapError(
        "Versions are swapped in a server that holds both. Received: the served version does not "
        f"load beside the candidate: {reason}. By itself it does. Make the candidate smaller, or "
        f"give the server more memory. The server's log says more: {log}."
    )


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
    waited = f"{_p99_ms(during):.0f} ms meanwhile"
    logger.info(
        "The candidate took over %.1f s after it was published; 99 %% of the callers waited at "
        "most %s.",
        took_over - published,
        f"{_p99_ms(before):.0f} ms before and {waited}" if before else waited,
    )
    return {
        "swap_calls": float(len(during)),
        "swap_failed_calls": float(len(failed)),
        "swap_version_reversals": float(len(reversed_)),
        "swap_p99_ms": _p99_ms(during),
    }


def _p99_ms(calls: Sequence[Call]) -> float:
    return float(np.percentile([call.milliseconds for call in calls], 99))


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
