"""Calls of Kubernetes' API that are tried again while the server is away or busy."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from pipeline.errors import RunError

_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 20.0  # seconds

_Result = TypeVar("_Result")

logger = logging.getLogger(__name__)


def patiently(what: str, call: Callable[[], _Result], seconds: float) -> _Result:
    """Makes a call, again and again while the server gives no real answer.

    Waits grow from half a second to twenty, at random between the half and the whole, so that
    clients that failed together do not come back together; the server's `Retry-After` counts where
    it is longer.

    Args:
        what: The call in a few words, for the log and the error.
        call: The call; it must be safe to make twice.
        seconds: How long to go on.

    Raises:
        RunError: There was no real answer in that time.
        ApiException: The server's answer is a refusal.
    """
    deadline = time.monotonic() + seconds
    wait = _FIRST_WAIT
    while True:
        try:
            return call()
        except (ApiException, HTTPError) as error:
            if not _is_passing(error):
                raise
            pause = max(wait * random.uniform(0.5, 1.0), _asked_for(error))  # noqa: S311
            if time.monotonic() + pause > deadline:
                raise RunError(
                    f"Kubernetes' API must answer. Received: {told(error)} to {what}, for "
                    f"{seconds:g} s. See that the API server is up, and that the network policies "
                    "of this namespace let pods reach it; then run again."
                ) from error
            logger.warning("%s: %s; trying again in %.1f s", what, told(error), pause)
        time.sleep(pause)
        wait = min(2 * wait, _LONGEST_WAIT)


def told(error: ApiException | HTTPError) -> str:
    """What the server answered, or why there was no answer, in a line."""
    if isinstance(error, ApiException):
        return f"{error.status} {error.reason}"
    return f"{type(error).__name__} ({error})"


def _is_passing(error: Any) -> bool:
    return isinstance(error, HTTPError) or error.status in _BUSY


def _asked_for(error: Any) -> float:
    """Seconds that the server asks to wait."""
    value = (getattr(error, "headers", None) or {}).get("Retry-After", "")
    return float(value) if value.isdigit() else 0.0
