"""From the labels of the pushed versions to the next `models.config` of the servers."""

from __future__ import annotations

from pathlib import Path

from components.pusher import labels
from pipeline.deployment.models_config import NEWEST, Step, next_step, parse
from pipeline.serving_folder import serving_folder
from pipeline.settings import Settings


def step_towards(settings: Settings, out: Path) -> tuple[Step, dict[str, int]]:
    """The next step from the file that is there, and the labels it leads to.

    Args:
        settings: The settings.
        out: The folder of the rendered files.

    Raises:
        ConfigError: The file that is there cannot be continued.
        PublishError: The labels cannot be read.
    """
    if settings.serving.rollout is labels.Rollout.NEWEST:
        return NEWEST, {}
    given = labels.read(serving_folder(settings))
    wanted = {label.value: version for label, version in given.items()}
    path = out / "models.config"
    before = parse(path.read_text(encoding="utf-8")) if path.is_file() else NEWEST
    return next_step(before, wanted), wanted
