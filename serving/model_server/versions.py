"""Which versions of a model lie in a base path, and which one answers.

Policy: TensorFlow Serving's availability-preserving one. A new version is loaded and warmed while
the old one goes on answering; then new calls go to the new one, and the old one is dropped when
its last call has returned. A version that fails to load changes nothing for the callers.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from serving.model_server.base_path import Content, content, find_versions
from serving.model_server.errors import not_found

logger = logging.getLogger(__name__)


class Closable(Protocol):
    """What the versions hold: anything that is released with `close`."""

    def close(self) -> None:
        """Release memory and threads."""


S = TypeVar("S", bound=Closable)


class State(IntEnum):
    """Life of a version; the numbers are those of TensorFlow Serving's ModelVersionStatus.State."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclasses.dataclass(frozen=True)
class VersionState:
    """State of one version; `error` is empty unless it failed to load."""

    version: int
    state: State
    error: str = ""


@dataclasses.dataclass
class _Handle(Generic[S]):
    version: int
    servable: S
    calls: int = 0


@dataclasses.dataclass(frozen=True)
class _Failure:
    content: Content
    attempts: int
    next_attempt: float


class ModelVersions(Generic[S]):
    """The versions of one model: watches the base path, loads, swaps, hands out the current one.

    Args:
        model_name: Name under which callers ask for the model.
        base_path: Directory that holds the version directories.
        load: Loads and warms one version directory; raises when it cannot be served.
        poll_seconds: Time between two looks at the base path; 0 looks only once.
        max_load_retries: Further attempts at an unchanged version that failed to load.
        load_retry_seconds: Time between these attempts. Changed files are tried at once.
        on_change: Called after a version became available.
    """

    def __init__(
        self,
        model_name: str,
        base_path: Path,
        load: Callable[[Path, int], S],
        *,
        poll_seconds: float = 1.0,
        max_load_retries: int = 5,
        load_retry_seconds: float = 60.0,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.model_name = model_name
        self.base_path = base_path
        self.on_change = on_change
        self._load = load
        self._poll_seconds = poll_seconds
        self._max_load_retries = max_load_retries
        self._load_retry_seconds = load_retry_seconds
        self._lock = threading.Lock()
        self._current: _Handle[S] | None = None
        self._draining: list[_Handle[S]] = []
        self._states: dict[int, VersionState] = {}
        self._failures: dict[int, _Failure] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._complaint = ""

    # ------------------------------------------------------------ for the services

    @property
    def available_version(self) -> int | None:
        """The version that answers now, or None."""
        current = self._current
        return None if current is None else current.version

    def states(self) -> list[VersionState]:
        """State of every version seen since the start, newest first."""
        with self._lock:
            return sorted(self._states.values(), key=lambda state: -state.version)

    @contextlib.contextmanager
    def acquire(self, version: int | None = None) -> Iterator[tuple[int, S]]:
        """The servable that answers, kept alive while the context is open.

        Args:
            version: The version asked for; None for the one that answers now.

        Yields:
            The version and its servable.

        Raises:
            RequestError: NOT_FOUND when nothing is available, or not the version asked for.
        """
        with self._lock:
            handle = self._current
            if handle is None:
                raise not_found(
                    f"model {self.model_name!r} has no version available. Ask GetModelStatus for "
                    f"the reason, or push a version to {self.base_path}"
                )
            if version is not None and version != handle.version:
                raise not_found(
                    f"version {version} of model {self.model_name!r} is not available; version "
                    f"{handle.version} is. Ask for that one, or leave the version out"
                )
            handle.calls += 1
        try:
            yield handle.version, handle.servable
        finally:
            with self._lock:
                handle.calls -= 1

    # ------------------------------------------------------------ for the server

    def start(self) -> None:
        """Look at the base path once, now, and then keep looking from a thread."""
        self.poll()
        if self._poll_seconds > 0:
            self._thread = threading.Thread(
                target=self._watch, name=f"versions-{self.model_name}", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Stop looking and release every servable. Call it when no call is in flight."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            handles = self._draining + ([self._current] if self._current else [])
            self._draining, self._current = [], None
        for handle in handles:
            self._close(handle)

    def poll(self) -> None:
        """One look: release what has drained, then serve the newest version that loads."""
        self._close_drained()
        try:
            self._serve_newest(find_versions(self.base_path))
        except OSError as error:
            self._complain(f"cannot read the base path {self.base_path}: {error}")

    # ------------------------------------------------------------ steps of a poll

    def _serve_newest(self, found: dict[int, Path]) -> None:
        self._failures = {v: f for v, f in self._failures.items() if v in found}
        if not found:
            self._complain(
                f"no version of model {self.model_name!r} under {self.base_path}: a version is a "
                "directory with a number for its name that holds saved_model.pb"
            )
            return
        self._complaint = ""
        for version in sorted(found, reverse=True):
            if version == self.available_version or self._try(version, found[version]):
                return

    def _watch(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            try:
                self.poll()
            except Exception:  # the watch must outlive whatever a file system can do to it
                logger.exception("looking for new versions of %r failed", self.model_name)

    def _try(self, version: int, path: Path) -> bool:
        now_there = content(path)
        failure = self._failures.get(version)
        if failure is not None and failure.content == now_there:
            if time.monotonic() < failure.next_attempt:
                return False
        else:
            failure = None
        self._set(VersionState(version, State.LOADING))
        logger.info("loading version %d of model %r from %s", version, self.model_name, path)
        started = time.monotonic()
        try:
            servable = self._load(path, version)
        except Exception as error:
            logger.exception("version %d of model %r failed to load", version, self.model_name)
            self._remember_failure(
                version, now_there, 1 if failure is None else failure.attempts + 1
            )
            self._set(VersionState(version, State.END, f"{type(error).__name__}: {error}"))
            return False
        self._failures.pop(version, None)
        self._swap(_Handle(version, servable))
        seconds = time.monotonic() - started
        logger.info("serving version %d of model %r, %.1f s", version, self.model_name, seconds)
        self.on_change()
        return True

    def _remember_failure(self, version: int, files: Content, attempts: int) -> None:
        wait = self._load_retry_seconds if attempts <= self._max_load_retries else float("inf")
        self._failures[version] = _Failure(files, attempts, time.monotonic() + wait)

    def _swap(self, new: _Handle[S]) -> None:
        with self._lock:
            old, self._current = self._current, new
            self._states[new.version] = VersionState(new.version, State.AVAILABLE)
            if old is not None:
                self._draining.append(old)
                self._states[old.version] = VersionState(old.version, State.UNLOADING)
        self._close_drained()

    def _close_drained(self) -> None:
        with self._lock:
            drained = [handle for handle in self._draining if handle.calls == 0]
            self._draining = [handle for handle in self._draining if handle.calls > 0]
        for handle in drained:
            self._close(handle)

    def _close(self, handle: _Handle[S]) -> None:
        handle.servable.close()
        if handle.version != self.available_version:  # it may have come back while it drained
            self._set(VersionState(handle.version, State.END))
        logger.info("unloaded version %d of model %r", handle.version, self.model_name)

    def _set(self, state: VersionState) -> None:
        with self._lock:
            self._states[state.version] = state

    def _complain(self, complaint: str) -> None:
        """Log a lasting condition once, not at every poll."""
        if complaint != self._complaint:
            self._complaint = complaint
            logger.warning(complaint)
