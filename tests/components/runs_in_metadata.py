"""Runs as a metadata store remembers them, for tests of what looks up what earlier ones left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.types import standard_artifacts

from components.pusher.manifest import MANIFEST_FILE, Manifest


class Runs:
    """Runs of both pipelines in a metadata store, and the folder of what they pushed."""

    def __init__(self, folder: Path) -> None:
        config = mlmd.ConnectionConfig()
        config.fake_database.SetInParent()
        self.store = metadata_store.MetadataStore(config)
        self._artifacts = self.store.put_artifact_type(mlmd.ArtifactType(name="any"))
        self._executions = self.store.put_execution_type(mlmd.ExecutionType(name="any"))
        self._all: dict[int, Any] = {}
        self.folder = folder

    def train(self, version: int, **base: int) -> dict[str, int]:
        """A run of the whole pipeline, pushed as a version: its artifacts by channel.

        Args:
            version: Number of the version.
            base: Tower -> an earlier one that it went on from.
        """
        made = self._run({}, "examples", "account", "tiles", "user_states")
        made |= self._run(made, "transform_graph", "transformed_examples", inputs=["examples"])
        for tower in ("retriever", "ranker"):
            given = {"examples": made["transformed_examples"]}
            given |= {"base_model": base[tower]} if tower in base else {}
            trained = self._run(given, "model", "model_run", inputs=list(given))
            made |= {tower: trained["model"], f"{tower}_run": trained["model_run"]}
        made |= self._run(made, "data_checks", inputs=["examples"])
        made |= self._run(made, "baselines", inputs=["examples"])
        return self._finish(made, version)

    def refresh(self, trained: dict[str, int], version: int) -> dict[str, int]:
        """A refresh of the items behind a trained model, pushed as a version."""
        names = ("retriever", "ranker", "transform_graph", "examples", "transformed_examples")
        given = {f"trained_{key}": trained[key] for key in names}
        given["model"] = trained["model"]
        made = self._run(given, *names, inputs=list(given))
        return self._finish({**trained, **made}, version, previous=trained["model"])

    def publish(self, version: int, copy_of: int | None = None) -> None:
        """A version in the folder, as Pusher and rollback leave it."""
        path = self.folder / str(version)
        path.mkdir(parents=True)
        (path / MANIFEST_FILE).write_text(Manifest(version, {}, copy_of).text())
        (path / "saved_model.pb").touch()

    def remove(self, artifact: int) -> None:
        """Takes an artifact from what a resolver is given."""
        del self._all[artifact]

    def channels(self, *keys: str) -> dict[str, list[Any]]:
        """What a resolver is given: for each key all artifacts."""
        return {key: list(self._all.values()) for key in keys}

    def _finish(self, made: dict[str, int], version: int, previous: int = 0) -> dict[str, int]:
        parts = ["retriever", "ranker", "transform_graph", "transformed_examples", "tiles"]
        made |= self._run(made, "model", inputs=parts)
        judged = {**made, **({"baseline_model": previous} if previous else {})}
        inputs = ["model", "data_checks", "baselines", *(["baseline_model"] if previous else [])]
        judged |= self._run(judged, "blessing", inputs=inputs)
        made["blessing"] = judged["blessing"]
        blessing = self._all[made["blessing"]]
        blessing.set_int_custom_property("blessed", 1)
        blessing.set_int_custom_property("current_model_id", made["model"])
        pushed = self._run(judged, "pushed_model", inputs=["model", "blessing"])["pushed_model"]
        self._all[pushed].set_string_custom_property("pushed_version", str(version))
        self.publish(version)
        return made

    def _run(self, known: dict[str, int], *made: str, inputs: list[str] = ()) -> dict[str, int]:
        (execution,) = self.store.put_executions([mlmd.Execution(type_id=self._executions)])
        rows = [mlmd.Artifact(type_id=self._artifacts) for _ in made]
        outputs = dict(zip(made, self.store.put_artifacts(rows), strict=True))
        self._event(execution, mlmd.Event.INPUT, {key: known[key] for key in inputs})
        self._event(execution, mlmd.Event.OUTPUT, outputs)
        for identity in outputs.values():
            self._all[identity] = standard_artifacts.PushedModel()
            self._all[identity].id = identity
        return outputs

    def _event(self, execution: int, kind: Any, artifacts: dict[str, int]) -> None:
        for key, artifact in artifacts.items():
            event = mlmd.Event(artifact_id=artifact, execution_id=execution, type=kind)
            event.path.steps.add().key = key
            self.store.put_events([event])
