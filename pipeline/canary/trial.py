"""A trial of the version that is `canary`, from the settings and the labels to its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from components.pusher import labels
from components.pusher.labels import Label
from components.pusher.promotion import promote as move_stable
from components.pusher.promotion import withdraw
from pipeline.canary.pages import Arm, ArmReader
from pipeline.canary.watching import Ending, Trial, watch
from pipeline.deployment.metrics import latency_class_micros
from pipeline.errors import RunError
from pipeline.serving_folder import serving_folder
from pipeline.settings import Settings


def trial(
    settings: Settings, pages: Sequence[str], canary_pages: Sequence[str], every_s: float
) -> tuple[int, Trial]:
    """Watches the version that is `canary` beside the one that is `stable`.

    Args:
        settings: The settings.
        pages: Metrics pages of the servers.
        canary_pages: Those of servers that serve nothing but the canary; `pages` are then the
            others'. Empty where all servers have both versions.
        every_s: Between two looks, seconds.

    Returns:
        The version, and what came of it.

    Raises:
        RunError: No version is tried out, or a page does not tell versions apart.
        OSError: A page cannot be had to begin with.
    """
    folder = serving_folder(settings)
    known = labels.read(folder)
    tried, stable = known.get(Label.CANARY), known.get(Label.STABLE)
    if tried is None or stable in (None, tried):
        raise RunError(
            "a version is tried out while it is `canary` and another one is `stable`. Received: "
            f"{ {label.value: version for label, version in known.items()} } in {folder}. Push "
            "one with `serving: {rollout: canary}` in the settings."
        )
    slow = latency_class_micros(settings.serving.objectives.latency_ms)
    arms = (
        (Arm(canary_pages, None, slow), Arm(pages, None, slow))
        if canary_pages
        else (Arm(pages, tried, slow), Arm(pages, stable, slow))
    )
    came = watch(
        ArmReader(arms[0]),
        ArmReader(arms[1]),
        settings.serving.canary,
        every_s=every_s,
        on_trial=lambda: labels.read(folder) == known,
    )
    return tried, came


def end(
    settings: Settings, version: int, came: Trial, *, promote: bool
) -> Literal["withdrawn", "promoted", "kept", "nothing"]:
    """Does what a trial's end asks for.

    Returns:
        `kept` is a version that has passed and goes on as `canary`; `nothing` follows from a trial
        that says nothing.

    Raises:
        PublishError: The labels moved in the meantime.
    """
    folder = serving_folder(settings)
    if came.ending is Ending.WORSE:
        withdraw(folder, version)
        return "withdrawn"
    if came.ending is not Ending.PASSED:
        return "nothing"
    if not promote:
        return "kept"
    move_stable(folder, only=version)
    return "promoted"
