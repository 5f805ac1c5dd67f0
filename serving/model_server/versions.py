"""Which versions of a model lie in a base path, and which ones answer.

Policy: TensorFlow Serving's availability-preserving one. A new version is loaded and warmed while
the old ones go on answering; then new calls go to the new one, and an old one that the version
policy does not want any more is dropped when its last call has returned. A version that fails to
load changes nothing for the callers.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from serving.model_server.base_path import content, find_versions
from serving.model_server.errors import invalid_argument, not_found
from serving.model_server.load_retries import LoadRetries
from serving.model_server.version_policy import LATEST, VersionPolicy
from serving.model_server.version_state import State, VersionState

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 2.0  # which a look at the base path takes at most, where it loads nothing


class Closable(Protocol):
    """What the versions hold: anything that is released with `close`."""

    def close(self) -> None:
        """Release memory and threads."""


S = TypeVar("S", bound=Closable)


@dataclasses.dataclass
class _Handle(Generic[S]):
    version: int
    path: Path
    servable: S
    calls: int = 0


class ModelVersions(Generic[S]):
    """The versions of one model: watches the base path, loads, swaps, hands them out.

    Args:
        model_name: Name under which callers ask for the model.
        base_path: Directory that holds the version directories.
        load: Loads and warms one version directory; raises when it cannot be served.
        policy: Which versions are served at the same time.
        poll_seconds: Time between two looks at the base path; 0 looks only once.
        max_load_retries: Further attempts at an unchanged version that failed to load.
        load_retry_seconds: Time between these attempts. Changed files are tried at once.
    """

    def __init__(
        self,
        model_name: str,
        base_path: Path,
        load: Callable[[Path, int], S],
        *,
        policy: VersionPolicy = LATEST,
        poll_seconds: float = 1.0,
        max_load_retries: int = 5,
        load_retry_seconds: float = 60.0,
    ) -> None:
        self.model_name = model_name
        self.base_path = base_path
        self.labels: Mapping[str, int] = {}
        self._load = load
        self.policy = policy
        self._poll_seconds = poll_seconds
        self._retries = LoadRetries(max_load_retries, load_retry_seconds)
        self._lock = threading.Lock()  # for what calls see: held for moments
        self._polling = threading.Lock()  # one poll at a time: held while a version loads
        self._serving: dict[int, _Handle[S]] = {}
        self._draining: list[_Handle[S]] = []
        self._states: dict[int, VersionState] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._complaint = ""
        self._on_change: Callable[[], None] = lambda: None

    # ------------------------------------------------------------ for the services

    @property
    def available_version(self) -> int | None:
        """The version that answers when none is named, or None."""
        return max(self.available_versions, default=None)

    @property
    def available_versions(self) -> frozenset[int]:
        """Every version that answers now."""
        with self._lock:
            return frozenset(self._serving)

    def states(self) -> list[VersionState]:
        """State of every version seen since the start, newest first."""
        with self._lock:
            return sorted(self._states.values(), key=lambda state: -state.version)

    def labelled(self, label: str) -> int:
        """The version that a label stands for.

        Raises:
            RequestError: INVALID_ARGUMENT for a label that is not set.
        """
        labels = self.labels
        if label not in labels:
            raise invalid_argument(
                f"Unrecognized servable version label: {label!r} of model {self.model_name!r}. "
                f"Labels set: {sorted(labels)}. Use one of them, name a version, or leave both out "
                "for the newest"
            )
        return labels[label]

    @contextlib.contextmanager
    def acquire(
        self, version: int | None = None, label: str | None = None
    ) -> Iterator[tuple[int, S]]:
        """A servable that answers, kept alive while the context is open.

        Args:
            version: The version asked for; None for the newest that is available.
            label: The label asked for, in place of a version.

        Yields:
            The version and its servable.

        Raises:
            RequestError: NOT_FOUND when nothing is available, or not the version asked for;
                INVALID_ARGUMENT for a label that is not set.
        """
        with self._lock:  # a label is moved before its old version is dropped
            version = self.labelled(label) if label is not None else version
            if not self._serving:
                raise not_found(
                    f"model {self.model_name!r} has no version available. Ask GetModelStatus for "
                    f"the reason, or push a version to {self.base_path}"
                )
            handle = self._serving.get(max(self._serving) if version is None else version)
            if handle is None:
                serving = ", ".join(map(str, sorted(self._serving)))
                raise not_found(
                    f"version {version} of model {self.model_name!r} is not available; version "
                    f"{serving} is. Ask for that one, or leave the version out"
                )
            handle.calls += 1
        try:
            yield handle.version, handle.servable
        finally:
            with self._lock:
                handle.calls -= 1

    # ------------------------------------------------------------ for the server

    def start(self, on_change: Callable[[], None] = lambda: None) -> None:
        """Look at the base path once, now, and then keep looking from a thread.

        Args:
            on_change: Called after a version became available.
        """
        self._on_change = on_change
        self.poll()
        if self._poll_seconds > 0:
            self._thread = threading.Thread(
                target=self._watch, name=f"versions-{self.model_name}", daemon=True
            )
            self._thread.start()

    def configure(self, base_path: Path, policy: VersionPolicy, labels: Mapping[str, int]) -> None:
        """Serve other versions from now on; the next poll loads and drops what that means."""
        with self._polling:
            if base_path != self.base_path:
                self._retries.keep_only(())
            self.base_path, self.policy, self.labels = base_path, policy, labels

    def stop(self, drain_seconds: float = 0.0) -> bool:
        """Stop looking, wait for the calls in flight, and release every servable.

        Nothing can end a load, which may take minutes. Where one lasts longer than the wait,
        nothing is released: only the end of the process does it.

        Args:
            drain_seconds: Longest wait for the calls; nothing may be called after it.

        Returns:
            Whether everything was released.
        """
        self._stop.set()
        if not self._polling.acquire(timeout=max(drain_seconds, _LOOK_SECONDS)):
            logger.warning("model %r is not released: a version still loads", self.model_name)
            return False
        try:
            self._retire(set(self._serving))
            deadline = time.monotonic() + drain_seconds
            while self._close_drained() and time.monotonic() < deadline:
                time.sleep(0.01)
            for handle in self._draining:
                self._close(handle)
            self._draining.clear()
        finally:
            self._polling.release()
        return True

    def poll(self) -> None:
        """One look: release what has drained, then serve what the policy wants."""
        with self._polling:
            if self._stop.is_set():
                return
            self._close_drained()
            try:
                self._serve(find_versions(self.base_path))
            except OSError as error:
                self._complain(f"cannot read the base path {self.base_path}: {error}")

    # ------------------------------------------------------------ steps of a poll

    def _serve(self, found: dict[int, Path]) -> None:
        self._retries.keep_only(found)
        candidates = self.policy.candidates(found)
        if not candidates:
            self._complain(
                f"no version of model {self.model_name!r} (policy: {self.policy}) under "
                f"{self.base_path}: a version is a directory with a number for its name that "
                "holds saved_model.pb"
            )
            return
        self._complaint = ""
        wanted: set[int] = set()
        for version in candidates:
            if self._is_serving(version, found[version]) or self._try(version, found[version]):
                wanted.add(version)
            if len(wanted) == self.policy.newest:
                break
        if wanted:  # never unload the last version for one that is not there
            self._retire(set(self._serving) - wanted)
            self._close_drained()

    def _is_serving(self, version: int, path: Path) -> bool:
        handle = self._serving.get(version)
        return handle is not None and handle.path == path

    def _watch(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            try:
                self.poll()
            except Exception:  # the watch must outlive whatever a file system can do to it
                logger.exception("looking for new versions of %r failed", self.model_name)

    def _try(self, version: int, path: Path) -> bool:
        if not self._retries.due(version, path):
            return False
        files = content(path)
        self._set(VersionState(version, State.LOADING))
        logger.info("loading version %d of model %r from %s", version, self.model_name, path)
        started = time.monotonic()
        try:
            servable = self._load(path, version)
        except Exception as error:
            logger.exception("version %d of model %r failed to load", version, self.model_name)
            self._retries.failed(version, files)
            state = State.AVAILABLE if version in self._serving else State.END
            self._set(VersionState(version, state, f"{type(error).__name__}: {error}"))
            return False
        with self._lock:
            if version in self._serving:  # the same number from another base path
                self._draining.append(self._serving[version])
            self._serving[version] = _Handle(version, path, servable)
            self._states[version] = VersionState(version, State.AVAILABLE)
        seconds = time.monotonic() - started
        logger.info("serving version %d of model %r, %.1f s", version, self.model_name, seconds)
        self._on_change()
        return True

    def _retire(self, versions: set[int]) -> None:
        """Give new calls to others; the versions are closed when their last call has returned."""
        with self._lock:
            for version in sorted(versions):
                self._draining.append(self._serving.pop(version))
                self._states[version] = VersionState(version, State.UNLOADING)

    def _close_drained(self) -> bool:
        """Close what has no call in flight; True while something still has."""
        with self._lock:
            drained = [handle for handle in self._draining if handle.calls == 0]
            self._draining = [handle for handle in self._draining if handle.calls > 0]
        for handle in drained:
            self._close(handle)
        return bool(self._draining)

    def _close(self, handle: _Handle[S]) -> None:
        handle.servable.close()
        if handle.version not in self._serving:  # it may have come back while it drained
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
