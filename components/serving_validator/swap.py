"""The candidate takes the place of the version now served, while callers keep calling."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import numpy as np

from components.serving_validator.calls import Calls, Signatures, predict_request
from components.serving_validator.host import CANDIDATE, DEADLINE_SECONDS, SERVED, publish
from components.serving_validator.load import Call, Load
from serving.embedded import EmbeddedServer
from serving.inputs import Inputs, query_inputs
from serving.query import Query

logger = logging.getLogger(__name__)

SWAP_MEASURES = frozenset(
    {"swap_calls", "swap_failed_calls", "swap_version_reversals", "swap_p99_ms"}
)
_MODEL = "recommender"
_LIST_LENGTH = 10
_ASKED_BEFORE = 16  # calls that tell how long the served version takes for one
_BEFORE_SECONDS, _AFTER_SECONDS = 1.0, 2.0
_SETTLE_SECONDS = 1.0  # a swap ends this long after the first answer of the new version
_POLL_SECONDS = 0.05
_ASK_SECONDS = 1.0  # between two questions how the candidate is: they cost the server time
_SLOWEST, _FASTEST = 2.0, 50.0  # requests a second


class SwapError(Exception):
    """The candidate did not come to answer; the message says what was seen."""


class Entry(NamedTuple):
    """How the candidate came to be served.

    Attributes:
        load_seconds: From when it was published until it answered.
        first_call_seconds: How long the first caller waited whom it answered; 0 where nobody
            called.
        swap: What callers saw of the swap: `SWAP_MEASURES`; empty where nothing was swapped.
    """

    load_seconds: float
    first_call_seconds: float
    swap: dict[str, float]


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


def enter(server: EmbeddedServer, folder: Path, candidate: Path) -> Entry:
    """Lets the candidate in where nothing is served.

    Args:
        server: A server of the versions in `folder`, of which there is none.
        folder: Of the versions.
        candidate: Folder of the candidate, with its warm-up requests.

    Raises:
        EmbeddedServerError: It does not load.
    """
    published = time.monotonic()
    publish(candidate, folder / str(CANDIDATE))
    server.require_available(CANDIDATE, DEADLINE_SECONDS)
    return Entry(time.monotonic() - published, 0.0, {})


def swap_in(server: EmbeddedServer, folder: Path, candidate: Path, requests: Requests) -> Entry:
    """Lets the candidate take the place of the served version, under load.

    Callers come half as often as one alone could who asks the served version, one call after the
    other: nobody knows yet how fast the candidate is.

    Args:
        server: A server of the versions in `folder`, of which there is one, `SERVED`.
        folder: Of the versions.
        candidate: Folder of the candidate, with its warm-up requests.
        requests: From `requests_of_both`.

    Raises:
        SwapError: The candidate did not come to answer.
    """
    with Calls(server.address) as calls:
        send = _sender(calls, requests)
        rate = min(max(0.5 / _typical_seconds(send), _SLOWEST), _FASTEST)
        with Load(send, rate) as load:
            time.sleep(_BEFORE_SECONDS)
            published = time.monotonic()
            publish(candidate, folder / str(CANDIDATE))
            _wait_for_candidate(load, server)
            time.sleep(_AFTER_SECONDS)
    return Entry(
        _first_answer(load.calls) - published,
        _first_wait_seconds(load.calls),
        summary(load.calls, published),
    )


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
    reversed_ = [call for call in since if call.version == SERVED and call.due > took_over]
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
    return min((call.ended for call in calls if call.version == CANDIDATE), default=float("inf"))


def _first_wait_seconds(calls: Sequence[Call]) -> float:
    """How long the caller waited who came first of those whom the candidate answered."""
    first = min((call for call in calls if call.version == CANDIDATE), key=lambda call: call.due)
    return first.milliseconds / 1000.0


def _wait_for_candidate(load: Load, server: EmbeddedServer) -> None:
    asked = time.monotonic()
    deadline = asked + DEADLINE_SECONDS
    while _first_answer(list(load.calls)) == float("inf"):
        reason, now = "", time.monotonic()
        if now > asked + _ASK_SECONDS:
            reason, asked = server.why_failed(CANDIDATE), now
        if not reason and now > deadline:
            reason = f"no answer from it within {DEADLINE_SECONDS:.0f} s"
        if reason:
            raise SwapError(
                "A candidate must take over from the version that is served, in a server that "
                f"holds both. Received: {reason}. If the candidate loads by itself, make it "
                "smaller, or give the server more memory. The server's log says more: "
                f"{server.log_path}."
            )
        time.sleep(_POLL_SECONDS)


def _typical_seconds(send: Callable[[int], int]) -> float:
    """Median time of a call; one that fails counts, too: that is none of the candidate's faults."""
    taken = []
    for number in range(_ASKED_BEFORE):
        began = time.monotonic()
        with contextlib.suppress(grpc.RpcError):
            send(number)
        taken.append(time.monotonic() - began)
    return float(np.median(taken))


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
