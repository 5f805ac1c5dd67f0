"""The folder of the served versions, as the Pusher lays it out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import RunError
from pipeline.settings import Settings

MODEL_NAME = "recommender"


def serving_folder(settings: Settings) -> Path:
    """Where the versions lie: <root>/serving/recommender."""
    return settings.root / "serving" / MODEL_NAME


def served_versions(settings: Settings) -> list[int]:
    """All complete versions; none where nothing was pushed yet."""
    from serving.model_server.base_path import find_versions

    folder = serving_folder(settings)
    return sorted(find_versions(folder)) if folder.is_dir() else []


@dataclass(frozen=True)
class ServedVersion:
    """A complete version.

    Attributes:
        version: Its number.
        labels: What it is called: `canary`, `stable`, both or nothing.
        copy_of: The version whose bytes a rollback published again; None if it is no copy.
    """

    version: int
    labels: tuple[str, ...]
    copy_of: int | None


def describe_versions(settings: Settings) -> list[ServedVersion]:
    """All complete versions, newest first.

    Raises:
        PublishError: The file of the labels cannot be read.
    """
    from components.pusher import labels, manifest

    folder = serving_folder(settings)
    given = labels.read(folder)
    described = []
    for version in reversed(served_versions(settings)):
        said = manifest.read(folder / str(version))
        names = tuple(label.value for label in labels.Label if given.get(label) == version)
        described.append(ServedVersion(version, names, said.copy_of if said else None))
    return described


def why_not_refreshed(settings: Settings) -> str:
    """Why the items of what is served are not to be refreshed now; empty where they may be.

    Raises:
        PublishError: The file of the labels cannot be read.
    """
    from components.pusher.served import on_trial

    tried = on_trial(serving_folder(settings))
    if tried is None:
        return ""
    return (
        f"version {tried} is on trial as canary, and a refreshed version would take its place. "
        "End the trial first (sluice canary, or sluice promote)"
    )


def pushed_model(settings: Settings) -> Path:
    """Folder of the version that users are served.

    Raises:
        RunError: Nothing was pushed yet.
        PublishError: The file of the labels cannot be read.
    """
    from components.pusher.served import served_version

    version = served_version(serving_folder(settings))
    if version is None:
        raise RunError(
            "a model must have been pushed. Received: "
            f"{serving_folder(settings)}, which holds no version. Run the pipeline first "
            "(sluice run); if it withheld the model, its report says why."
        )
    return serving_folder(settings) / str(version)
