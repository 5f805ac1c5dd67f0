"""The second step of a rollout by label: `stable` takes the version that `canary` tried out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from components.pusher import labels, manifest
from components.pusher.destination import changing
from components.pusher.errors import PublishError, no_room_reported
from components.pusher.labels import Label


@dataclass(frozen=True)
class Promoted:
    """What a promotion did.

    Attributes:
        before: The version that was `stable`; None for the first.
        now: The version that is.
    """

    before: int | None
    now: int


def promote(destination: Path) -> Promoted:
    """Moves `stable` to the version of `canary`.

    Raises:
        PublishError: No version is `canary`, or that version is damaged.
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
        labels.move(destination, Label.STABLE, tried)
    return Promoted(known.get(Label.STABLE), tried)
