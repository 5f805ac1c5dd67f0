"""The Pusher node's work."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from tfx.components.evaluator import constants
from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.pusher.errors import WithheldError
from components.pusher.labels import Rollout
from components.pusher.manifest import MANIFEST_FILE
from components.pusher.publish import Published, publish
from components.pusher.served import served_version, trained_as
from components.warm_up_file import WARM_UP_FILE

logger = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Publishes the model, or says why not."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        model, blessing, infra_blessing = (
            artifact_utils.get_single_instance(input_dict[key])
            for key in ("model", "model_blessing", "infra_blessing")
        )
        Path(pushed.uri).mkdir(parents=True, exist_ok=True)
        saved = Path(path_utils.serving_model_path(model.uri))
        destination, warm_up = Path(exec_properties["push_destination"]), _warm_up(infra_blessing)
        if reason := _why_withheld(model, blessing, infra_blessing):
            _mark_withheld(pushed, reason)
            return
        began = exec_properties.get("served") or None
        try:
            published = publish(
                saved,
                destination,
                extra_files=warm_up,
                now=int(time.time()),
                keep=exec_properties["keep"],
                rollout=Rollout(exec_properties["rollout"]),
                refresh_of=_towers_of(destination) if began else None,
                began=began,
            )
        except WithheldError as error:
            _mark_withheld(pushed, str(error))
            return
        _mark_pushed(pushed, published)


def _why_withheld(model: Any, blessing: Any, infra_blessing: Any) -> str:
    """Why the model may not be served; empty if it may."""
    reasons = []
    if not model_utils.is_model_blessed(blessing):
        said = blessing.get_string_custom_property(constants.ARTIFACT_PROPERTY_BLESSING_MESSAGE_KEY)
        reasons.append(f"the Verdict did not bless it. {said}".strip())
    if not model_utils.is_infra_validated(infra_blessing):
        reasons.append("the ServingValidator did not bless it.")
    for gate, said in (("Verdict", blessing), ("ServingValidator", infra_blessing)):
        judged = said.get_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY)
        if judged != model.id:
            reasons.append(f"the {gate} is about model {judged}, not about this one, {model.id}.")
    return "\n".join(reasons)


def _towers_of(destination: Path) -> int | None:
    """The version as which the towers that are served were published first."""
    served = served_version(destination)
    return None if served is None else trained_as(destination, served)


def _warm_up(infra_blessing: Any) -> dict[str, Path]:
    path = Path(infra_blessing.uri) / WARM_UP_FILE
    return {f"assets.extra/{WARM_UP_FILE}": path} if path.is_file() else {}


def _mark_withheld(pushed: Any, reason: str) -> None:
    """Marks the artifact as TFX's Pusher does, and says why."""
    logger.warning("The model was not pushed: %s", reason)
    pushed.set_int_custom_property("pushed", 0)
    pushed.set_string_custom_property("withheld_because", reason)


def _mark_pushed(pushed: Any, published: Published) -> None:
    """Marks the artifact as TFX's Pusher does, and leaves the manifest in it."""
    logger.info("The model was pushed to %s.", published.path)
    pushed.set_int_custom_property("pushed", 1)
    pushed.set_string_custom_property("pushed_destination", str(published.path))
    pushed.set_string_custom_property("pushed_version", str(published.version))
    pushed.set_string_custom_property("pushed_labels", ",".join(published.labels))
    (Path(pushed.uri) / MANIFEST_FILE).write_text(published.manifest.text())
