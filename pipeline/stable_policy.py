"""The version that a server of one model serves: `stable`, where the versions have labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from components.pusher import labels
from components.pusher.labels import Label
from serving.model_server.version_policy import VersionPolicy


@dataclasses.dataclass(frozen=True)
class StablePolicy(VersionPolicy):
    """Serves `stable` alone: a version that is only `canary` is for those who ask for it.

    The labels are read at each look for new versions, so a promotion or a rollback is followed.
    Without labels the newest version is served.

    Attributes:
        folder: The folder of the versions.
    """

    folder: Path = Path()

    def candidates(self, found: Iterable[int]) -> list[int]:
        """See `VersionPolicy.candidates`.

        Raises:
            PublishError: The labels cannot be read.
        """
        stable = labels.read(self.folder).get(Label.STABLE)
        return super().candidates(v for v in found if stable in (None, v))

    def __str__(self) -> str:
        return "stable, or the newest where nothing has a label"
