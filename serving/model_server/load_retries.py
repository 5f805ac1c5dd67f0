"""When a version that failed to load may be tried again."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Container
from pathlib import Path

from serving.model_server.base_path import Content, content


@dataclasses.dataclass(frozen=True)
class _Failure:
    content: Content
    attempts: int
    next_attempt: float


class LoadRetries:
    """Remembers failed loads.

    An unchanged version is tried again a few times, some time apart; one whose files have changed
    since is tried at once.

    Args:
        max_retries: Further attempts at an unchanged version.
        interval_s: Time between them.
    """

    def __init__(self, max_retries: int, interval_s: float) -> None:
        self._max_retries = max_retries
        self._interval_s = interval_s
        self._failures: dict[int, _Failure] = {}

    def due(self, version: int, path: Path) -> bool:
        """True when a load of the version may be tried now."""
        failure = self._failures.get(version)
        if failure is None:
            return True
        if failure.content != content(path):
            del self._failures[version]
            return True
        return time.monotonic() >= failure.next_attempt

    def failed(self, version: int, files: Content) -> None:
        """Remember that the version did not load from these files."""
        earlier = self._failures.get(version)
        attempts = 1 if earlier is None else earlier.attempts + 1
        wait = self._interval_s if attempts <= self._max_retries else float("inf")
        self._failures[version] = _Failure(files, attempts, time.monotonic() + wait)

    def keep_only(self, versions: Container[int]) -> None:
        """Forget every version that is not among these."""
        self._failures = {v: f for v, f in self._failures.items() if v in versions}
