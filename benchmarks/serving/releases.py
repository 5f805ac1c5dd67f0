"""Versions of the served model, pushed and rolled back as the Pusher does."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from components.pusher.labels import Rollout
from components.pusher.publish import publish
from components.pusher.rollback import roll_back
from serving.client import RecommenderClient, ServingError
from serving.model_server.warmup import WARM_UP_FILE

_KEEP = 3
_DEADLINE_SECONDS = 300.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Change:
    """A version that took over.

    Attributes:
        version: Its number.
        began: When its publication began, by the monotonic clock.
        visible: When it was published.
        available: When the server told that it answers.
    """

    version: int
    began: float
    visible: float
    available: float


@dataclass
class Releases:
    """The folder of the versions that a server watches.

    Attributes:
        model: The model; each version is one with a file of its own beside it, else the Pusher
            would find that nothing is new.
        folder: Where versions and these files lie.
    """

    model: Path
    folder: Path
    _numbers: list[int] = field(default_factory=list)

    @property
    def destination(self) -> Path:
        """The folder that the server watches."""
        return self.folder / "versions"

    def push(self) -> int:
        """Publishes a further version; returns its number."""
        number = len(self._numbers) + 1
        file = self.folder / f"number-{number}"
        file.write_text(str(number))
        published = publish(
            self.model,
            self.destination,
            extra_files={"assets.extra/number": file},
            now=number,
            keep=_KEEP,
            rollout=Rollout.NEWEST,
        )
        self._numbers.append(published.version)
        return published.version

    def roll_back(self) -> int:
        """Publishes the bytes of the version before once more; returns the new number."""
        version = roll_back(self.destination, to=None, now=1).published.version
        self._numbers.append(version)
        return version


def changed(address: str, release: Callable[[], int]) -> Change:
    """Releases a version and waits until the server says that it answers.

    Raises:
        TimeoutError: It does not come to that.
    """
    began = time.monotonic()
    version = release()
    visible = time.monotonic()
    with RecommenderClient(address) as client:
        while time.monotonic() < visible + _DEADLINE_SECONDS:
            if _answers(client, version):
                return Change(version, began, visible, time.monotonic())
            time.sleep(_POLL_SECONDS)
    raise TimeoutError(
        f"A version must be available within {_DEADLINE_SECONDS:.0f} s. Received: version "
        f"{version}, which is not. The server's log says why."
    )


def _answers(client: RecommenderClient, version: int) -> bool:
    try:
        status = client.status()
    except ServingError as error:
        if error.code != "RESOURCE_EXHAUSTED":
            raise
        return False  # a server under load refuses this call as any other
    return any(found.version == version and found.state == "AVAILABLE" for found in status)


def without_warm_up(model: Path, folder: Path) -> Path:
    """A copy of a model whose warm-up file holds no request, so that it is served cold."""
    copy = folder / "cold"
    shutil.copytree(model, copy)
    (copy / WARM_UP_FILE).write_bytes(b"")  # without a file the server would ask by itself
    return copy
