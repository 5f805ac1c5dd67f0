"""The server on which a candidate is tried out: it serves already what is served now."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.pusher import manifest
from components.pusher.destination import versions
from components.pusher.served import served_version
from components.serving_validator.ahead import Ahead, Running, kept, taken
from serving.embedded import EmbeddedServer, embedded_server

logger = logging.getLogger(__name__)

# Versions of the try-out: what is served now, and the candidate.
SERVED, CANDIDATE = 1, 2
DEADLINE_SECONDS = 300.0  # for a version to become available
_POLL_SECONDS = 0.2  # how often the server looks for versions: what is published here waits for it


@dataclass(frozen=True)
class Host:
    """A server that waits for the candidate.

    Attributes:
        server: It runs.
        folder: Of its versions.
        serves: Whether it serves the version now served, `SERVED`; else it serves nothing.
    """

    server: EmbeddedServer
    folder: Path
    serves: bool


def version_to_replace(folder: Path) -> Path | None:
    """The version that users are served, or the newest intact one where that is damaged.

    Args:
        folder: Of the published versions.

    Returns:
        Its folder; None where there is none that is what its manifest lists.

    Raises:
        PublishError: The file of the labels cannot be read.
    """
    served = served_version(folder)
    first = [] if served is None else [served]
    for version in (*first, *reversed(versions(folder))):
        if manifest.is_intact(folder / str(version)):
            return folder / str(version)
    return None


@contextlib.contextmanager
def host_ahead(served: Path | None, log: Path) -> Iterator[None]:
    """While open, `ahead.begin` starts a server for the first `host_of` of a version.

    Args:
        served: Folder of the version now served; None before the first.
        log: Of the server, until it is asked for.
    """
    if served is None:
        yield
        return
    with kept(Ahead(served, log, _started)):
        yield


@contextlib.contextmanager
def host_of(served: Path | None, log: Path) -> Iterator[Host]:
    """A server that has lived before, as one in production has.

    A served version that does not load by itself any more, in two servers one after the other, is
    nothing to swap from: the candidate then gets a server of its own, in which nothing is left of
    that one.

    Args:
        served: Folder of the version now served; None before the first.
        log: Of the server. That of one on which the served version did not load is kept beside it.

    Raises:
        EmbeddedServerError: The server does not start.
    """
    if served is not None:
        for attempt in (_ahead_or_now, _started):
            with attempt(served, log) as (server, folder):
                reason = server.why_not_available(SERVED, DEADLINE_SECONDS)
                if not reason:
                    yield Host(server, folder, serves=True)
                    return
                server.end()  # there is nobody to be let go gently
                shutil.move(server.log_path, log.with_name("served_version.log"))
            logger.warning("The served version does not load: %s", reason)
        logger.warning("Nothing is swapped.")
    with _empty(log) as (server, folder):
        yield Host(server, folder, serves=False)


def publish(model: Path, version: Path) -> None:
    """Makes a model visible to the server, in one step."""
    version.symlink_to(model.resolve())


@contextlib.contextmanager
def _ahead_or_now(served: Path, log: Path) -> Iterator[Running]:
    with taken(served, log) as running:
        if running is not None:
            yield running
            return
    with _started(served, log) as running:
        yield running


@contextlib.contextmanager
def _started(served: Path, log: Path) -> Iterator[Running]:
    """A server that begins to load the served version."""
    with _empty(log) as (server, folder):
        publish(served, folder / str(SERVED))
        yield server, folder


@contextlib.contextmanager
def _empty(log: Path) -> Iterator[Running]:
    """A server without a version."""
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_server(
            Path(folder), log_path=log, poll_seconds=_POLL_SECONDS, empty=True
        ) as server,
    ):
        yield server, Path(folder)
