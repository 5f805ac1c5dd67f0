"""Which of the versions in a base path are to be served at the same time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class VersionPolicy:
    """TensorFlow Serving's `model_version_policy`: latest, all or specific.

    Attributes:
        newest: Serve this many of the newest versions that load; None for no limit.
        versions: Serve only these; None for any.
    """

    newest: int | None = 1
    versions: frozenset[int] | None = None

    def candidates(self, found: Iterable[int]) -> list[int]:
        """The versions to try, newest first, until `newest` of them are available."""
        return sorted(
            (v for v in found if self.versions is None or v in self.versions), reverse=True
        )

    def __str__(self) -> str:
        if self.versions is not None:
            return f"specific {sorted(self.versions)}"
        return "all" if self.newest is None else f"latest {self.newest}"


LATEST = VersionPolicy()
ALL = VersionPolicy(newest=None)


def latest(num_versions: int) -> VersionPolicy:
    """The newest few versions."""
    return VersionPolicy(newest=num_versions)


def specific(versions: Iterable[int]) -> VersionPolicy:
    """These versions and no others."""
    return VersionPolicy(newest=None, versions=frozenset(versions))
