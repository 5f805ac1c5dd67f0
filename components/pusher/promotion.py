"""The second step of a rollout by label: `stable` follows `canary`, or `canary` goes back to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from components.pusher import labels, manifest, unfinished
from components.pusher.destination import changing
from components.pusher.errors import PublishError, no_room_reported
from components.pusher.labels import Label


@dataclass(frozen=True)
class Withdrawn:
    """What a withdrawal did.

    Attributes:
        before: The version that was `canary`.
        now: The version that is, which `stable` was all the while.
    """

    before: int
    now: int


@dataclass(frozen=True)
class Promoted:
    """What a promotion did.

    Attributes:
        before: The version that was `stable`; None for the first.
        now: The version that is.
    """

    before: int | None
    now: int


def promote(destination: Path, only: int | None = None) -> Promoted:
    """Moves `stable` to the version of `canary`.

    Args:
        destination: Folder of the versions.
        only: The version that `canary` must be; None for whichever it is.

    Raises:
        PublishError: No version is `canary`, or another one, or that version is damaged.
    """
    with changing(destination), no_room_reported(destination, "the labels are as they were"):
        known = labels.read(destination)
        tried = known.get(Label.CANARY)
        if tried is None or not manifest.is_intact(destination / str(tried)):
            state = "no canary" if tried is None else f"version {tried}, which is damaged"
            raise PublishError(
                "`stable` takes the version of `canary`, which must be what its manifest lists. "
                f"Received: {state} in {destination}. Push a version first."
            )
        _check_is_canary(known, only)
        labels.move(destination, Label.STABLE, tried)
    return Promoted(known.get(Label.STABLE), tried)


def withdraw(destination: Path, version: int) -> Withdrawn:
    """Moves `canary` back to the version of `stable`: nobody is answered by what was tried out.

    Args:
        destination: Folder of the versions.
        version: The version that is tried out.

    Raises:
        PublishError: It is not `canary`, or it is `stable` already.
    """
    with changing(destination), no_room_reported(destination, "the labels are as they were"):
        known = labels.read(destination)
        _check_is_canary(known, version)
        stable = known.get(Label.STABLE)
        if stable in (None, version):
            raise PublishError(
                "`canary` goes back to the version of `stable`, which must be another one. "
                f"Received: version {version} as both in {destination}. To go back further, use "
                "`sluice rollback`."
            )
        unfinished.unmark(destination)  # no push is to give it back its label
        labels.move(destination, Label.CANARY, stable)
    return Withdrawn(version, stable)


def _check_is_canary(known: Mapping[Label, int], version: int | None) -> None:
    """Refuses to act on a version that is not tried out any more.

    Raises:
        PublishError: Another version is `canary`; None allows any.
    """
    if version is not None and known.get(Label.CANARY) != version:
        raise PublishError(
            f"The labels moved meanwhile: `canary` must still be version {version}. Received: "
            f"{known.get(Label.CANARY)}. Look at `sluice status`, and begin anew."
        )
