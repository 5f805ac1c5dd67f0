"""The folder of the served versions, as the Pusher lays it out."""

from __future__ import annotations

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


def served_version(settings: Settings) -> int | None:
    """The newest complete version; None where nothing was pushed yet."""
    return max(served_versions(settings), default=None)


def pushed_model(settings: Settings) -> Path:
    """Folder of the newest complete version.

    Raises:
        RunError: Nothing was pushed yet.
    """
    version = served_version(settings)
    if version is None:
        raise RunError(
            "a model must have been pushed. Received: "
            f"{serving_folder(settings)}, which holds no version. Run the pipeline first "
            "(sluice run); if it withheld the model, its report says why."
        )
    return serving_folder(settings) / str(version)
