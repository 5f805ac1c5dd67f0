"""What the served model was made of: the artifacts of the training behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfx.dsl.components.common.resolver import ResolverStrategy

from components.artifact_lineage import ArtifactLineage
from components.pusher import manifest
from components.pusher.errors import PublishError
from components.pusher.served import served_version

_VERSION = "pushed_version"
_JUDGED_WITH = ("data_checks", "baselines")  # of the node that blessed the model
# Of the node that composed it.
_PARTS = ("retriever", "ranker", "transform_graph", "transformed_examples", "tiles")


class ServedPartsStrategy(ResolverStrategy):
    """Resolves the recommender that a training composed, and everything it came from.

    Where versions have labels, what is served is `stable`, else the newest. After a rollback it is
    a copy of an earlier one, whose towers then count, not those of the latest run. A version whose
    items were refreshed leads to the training behind it: so each refresh starts from what was
    trained, and none from what the one before has left.

    The resolver's channels: `pushed_model`, and under the names of the outputs all artifacts of
    their types.
    """

    def __init__(self, served_folder: str) -> None:
        """Takes the folder of the published versions."""
        self._folder = Path(served_folder)

    def resolve_artifacts(
        self, store: Any, input_dict: dict[str, list[Any]]
    ) -> dict[str, list[Any]]:
        """Keeps one artifact for each channel.

        Raises:
            PublishError: There is no published version, or nothing is known of the served one.
        """
        version = self._version()
        pushed = [
            artifact
            for artifact in input_dict["pushed_model"]
            if artifact.get_string_custom_property(_VERSION) == str(version)
        ]
        if not pushed:
            raise PublishError(
                "What is served must be known to the metadata of this pipeline. Received: version "
                f"{version} of {self._folder}, which no run has pushed. Run the pipeline (sluice "
                "run), so that a model of its own is served."
            )
        lineage = ArtifactLineage(store)
        found = _behind(lineage, pushed[0].id) | {"pushed_model": pushed[0].id}
        by_id = {a.id: a for artifacts in input_dict.values() for a in artifacts}
        if gone := sorted(key for key in input_dict if found[key] not in by_id):
            raise PublishError(
                f"What version {version} was made of must still be there. Received: no "
                f"{', '.join(gone)}, which an erasure has removed. Run the pipeline (sluice run), "
                "so that a model is served whose rows are all there."
            )
        return {key: [by_id[found[key]]] for key in input_dict}

    def _version(self) -> int:
        served = served_version(self._folder)
        said = None if served is None else manifest.read(self._folder / str(served))
        if said is None:
            raise PublishError(
                f"There must be a published version. Received: {self._folder}, which holds none "
                "with a manifest. Run the pipeline first (sluice run)."
            )
        return said.origin


def _behind(lineage: ArtifactLineage, pushed: int) -> dict[str, int]:
    """Output of a training -> its artifact, by the training behind a pushed model."""
    model, parts = lineage.trained(lineage.made_from(pushed)["model"])
    found = {"model": model, **{key: parts[key] for key in _PARTS}}
    found["examples"] = lineage.made_from(parts["transformed_examples"])["examples"]
    of_log = lineage.outputs(lineage.maker(found["examples"]))
    found |= {key: of_log[key] for key in ("account", "user_states")}
    for tower in ("retriever", "ranker"):
        found[f"{tower}_run"] = lineage.outputs(lineage.maker(found[tower]))["model_run"]
    judged = _judged_with(lineage, model)
    return found | {key: judged[key] for key in _JUDGED_WITH}


def _judged_with(lineage: ArtifactLineage, model: int) -> dict[str, int]:
    """Key -> artifact of what a model was judged with."""
    read = (lineage.inputs(execution) for execution in lineage.users(model))
    return next(
        keyed for keyed in read if keyed.get("model") == model and keyed.keys() >= set(_JUDGED_WITH)
    )
