"""What the served model was made of: the artifacts of the training behind it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ml_metadata.proto.metadata_store_pb2 import Event
from tfx.dsl.components.common.resolver import ResolverStrategy

from components.pusher import manifest
from components.pusher.errors import PublishError
from components.pusher.served import served_version

_VERSION = "pushed_version"
_INPUTS = (Event.INPUT, Event.DECLARED_INPUT)
_OUTPUTS = (Event.OUTPUT, Event.DECLARED_OUTPUT)
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
        lineage = _Lineage(store)
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


def _behind(lineage: _Lineage, pushed: int) -> dict[str, int]:
    """Output of a training -> its artifact, by the training behind a pushed model."""
    model = lineage.inputs(lineage.maker(pushed))["model"]
    parts = lineage.inputs(lineage.maker(model))
    while (refreshed := lineage.inputs(lineage.maker(parts["retriever"])).get("model")) is not None:
        model = refreshed
        parts = lineage.inputs(lineage.maker(model))
    found = {"model": model, **{key: parts[key] for key in _PARTS}}
    found["examples"] = lineage.inputs(lineage.maker(parts["transformed_examples"]))["examples"]
    of_log = lineage.outputs(lineage.maker(found["examples"]))
    found |= {key: of_log[key] for key in ("account", "user_states")}
    for tower in ("retriever", "ranker"):
        found[f"{tower}_run"] = lineage.outputs(lineage.maker(found[tower]))["model_run"]
    judged = lineage.judged_with(model)
    return found | {key: judged[key] for key in _JUDGED_WITH}


class _Lineage:
    """Who made what from what, by plain look-ups: this store no longer answers filter queries."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def maker(self, artifact: int) -> int:
        """The execution that made an artifact, not one that took it from the cache."""
        events = self._store.get_events_by_artifact_ids([artifact])
        return min(int(event.execution_id) for event in events if event.type in _OUTPUTS)

    def judged_with(self, model: int) -> dict[str, int]:
        """Key -> artifact of what a model was judged with."""
        events = self._store.get_events_by_artifact_ids([model])
        users = sorted({event.execution_id for event in events if event.type in _INPUTS})
        read = (self.inputs(execution) for execution in users)
        return next(
            keyed
            for keyed in read
            if keyed.get("model") == model and keyed.keys() >= set(_JUDGED_WITH)
        )

    def inputs(self, execution: int) -> dict[str, int]:
        """Key -> artifact that an execution read."""
        return self._keyed(execution, _INPUTS)

    def outputs(self, execution: int) -> dict[str, int]:
        """Key -> artifact that an execution made."""
        return self._keyed(execution, _OUTPUTS)

    def _keyed(self, execution: int, kinds: Iterable[Any]) -> dict[str, int]:
        events = self._store.get_events_by_execution_ids([execution])
        return {
            event.path.steps[0].key: event.artifact_id for event in events if event.type in kinds
        }
