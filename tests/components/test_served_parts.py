"""Whose towers a refresh takes: those behind what is served, however it came to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.types import standard_artifacts

from components.pusher import labels
from components.pusher.errors import PublishError
from components.pusher.manifest import MANIFEST_FILE, Manifest
from components.served_parts import ServedPartsStrategy


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

    def train(self, version: int) -> dict[str, int]:
        """A run of the whole pipeline, pushed as a version: its artifacts by channel."""
        made = self._run({}, "examples", "account", "tiles", "user_states")
        made |= self._run(made, "transform_graph", "transformed_examples", inputs=["examples"])
        for tower in ("retriever", "ranker"):
            trained = self._run(made, "model", "model_run", inputs=["transformed_examples"])
            made |= {tower: trained["model"], f"{tower}_run": trained["model_run"]}
        made |= self._run(made, "data_checks", inputs=["examples"])
        made |= self._run(made, "baselines", inputs=["examples"])
        return self._finish(made, version)

    def refresh(self, trained: dict[str, int], version: int) -> None:
        """A refresh of the items behind a trained model, pushed as a version."""
        names = ("retriever", "ranker", "transform_graph", "examples", "transformed_examples")
        given = {f"trained_{key}": trained[key] for key in names}
        given["model"] = trained["model"]
        made = self._run(given, *names, inputs=list(given))
        self._finish({**trained, **made}, version, previous=trained["model"])

    def publish(self, version: int, copy_of: int | None = None) -> None:
        """A version in the folder, as Pusher and rollback leave it."""
        path = self.folder / str(version)
        path.mkdir(parents=True)
        (path / MANIFEST_FILE).write_text(Manifest(version, {}, copy_of).text())

    def remove(self, artifact: int) -> None:
        """Takes an artifact from what a resolver is given."""
        del self._all[artifact]

    def resolve(self, *keys: str) -> dict[str, int]:
        channels = {key: list(self._all.values()) for key in (*keys, "pushed_model")}
        found = ServedPartsStrategy(str(self.folder)).resolve_artifacts(self.store, channels)
        return {key: artifact.id for key, (artifact,) in found.items() if key in keys}

    def _finish(self, made: dict[str, int], version: int, previous: int = 0) -> dict[str, int]:
        parts = ["retriever", "ranker", "transform_graph", "transformed_examples", "tiles"]
        made |= self._run(made, "model", inputs=parts)
        judged = {**made, **({"baseline_model": previous} if previous else {})}
        inputs = ["model", "data_checks", "baselines", *(["baseline_model"] if previous else [])]
        judged |= self._run(judged, "blessing", inputs=inputs)
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


PARTS = (
    *("model", "retriever", "ranker", "retriever_run", "ranker_run", "transform_graph"),
    *("transformed_examples", "examples", "tiles", "account", "user_states"),
    *("data_checks", "baselines"),
)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "served")


def test_all_parts_are_those_of_the_run_that_is_served(runs: Runs) -> None:
    runs.train(1)
    second = runs.train(2)
    assert runs.resolve(*PARTS) == {key: second[key] for key in PARTS}


def test_after_a_rollback_the_towers_of_the_earlier_version_count(runs: Runs) -> None:
    first = runs.train(1)
    runs.train(2)
    runs.publish(3, copy_of=1)
    assert runs.resolve(*PARTS) == {key: first[key] for key in PARTS}


def test_a_refreshed_version_leads_to_its_training(runs: Runs) -> None:
    trained = runs.train(1)
    runs.refresh(trained, 2)
    runs.refresh(trained, 3)
    assert runs.resolve(*PARTS) == {key: trained[key] for key in PARTS}


def test_a_withdrawn_canary_does_not_count(runs: Runs) -> None:
    first = runs.train(1)
    runs.train(2)
    labels.move_all(runs.folder, 1)
    assert runs.resolve(*PARTS) == {key: first[key] for key in PARTS}


def test_a_version_that_no_run_pushed_is_refused(runs: Runs) -> None:
    runs.train(1)
    runs.publish(9)
    with pytest.raises(PublishError, match=r"Received: version 9 of .*, which no run has pushed"):
        runs.resolve(*PARTS)


def test_nothing_served_is_refused(runs: Runs) -> None:
    with pytest.raises(PublishError, match="There must be a published version"):
        runs.resolve(*PARTS)


def test_what_an_erasure_has_removed_is_named(runs: Runs) -> None:
    made = runs.train(1)
    runs.remove(made["examples"])
    with pytest.raises(PublishError, match="no examples, which an erasure has removed"):
        runs.resolve(*PARTS)
