"""Tests of the choice of the data to compare with."""

from __future__ import annotations

from typing import Any

import pytest
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.types import standard_artifacts

from components.previous_span import PreviousSpanStrategy


class Lineage:
    """Runs in a metadata store: statistics -> schema -> transform graph -> model -> blessing."""

    def __init__(self) -> None:
        config = mlmd.ConnectionConfig()
        config.fake_database.SetInParent()
        self.store = metadata_store.MetadataStore(config)
        self._artifacts = self.store.put_artifact_type(mlmd.ArtifactType(name="any"))
        self._executions = self.store.put_execution_type(mlmd.ExecutionType(name="any"))
        self.statistics: list[Any] = []
        self.blessings: list[Any] = []

    def data(self) -> int:
        """New data: its statistics."""
        artifact = standard_artifacts.ExampleStatistics()
        artifact.id = self._artifact()
        self.statistics.append(artifact)
        return artifact.id

    def model(self, statistics: int, *, blessed: bool, base: int | None = None) -> int:
        """A model trained on it, from an earlier one where there is one, and judged."""
        schema, graph, model = (self._artifact() for _ in range(3))
        self._run([statistics], [schema])
        self._run([schema], [graph])
        self._run([graph], [model], base)
        blessing = standard_artifacts.ModelBlessing()
        blessing.set_int_custom_property("current_model_id", model)
        blessing.set_int_custom_property("blessed", int(blessed))
        self.blessings.append(blessing)
        return model

    def resolve(self, candidate: int) -> list[int]:
        (ours,) = (s for s in self.statistics if s.id == candidate)
        channels = {
            "statistics": self.statistics,
            "model_blessing": self.blessings,
            "candidate": [ours],
        }
        resolved = PreviousSpanStrategy().resolve_artifacts(self.store, channels)
        assert resolved["candidate"] == [ours]
        assert len(resolved["model_blessing"]) == len(resolved["statistics"])
        return [artifact.id for artifact in resolved["statistics"]]

    def _artifact(self) -> int:
        (identity,) = self.store.put_artifacts([mlmd.Artifact(type_id=self._artifacts)])
        return int(identity)

    def _run(self, inputs: list[int], outputs: list[int], base: int | None = None) -> None:
        (execution,) = self.store.put_executions([mlmd.Execution(type_id=self._executions)])
        kinds = [(mlmd.Event.INPUT, inputs), (mlmd.Event.OUTPUT, outputs)]
        self.store.put_events(
            [
                mlmd.Event(artifact_id=artifact, execution_id=execution, type=kind)
                for kind, artifacts in kinds
                for artifact in artifacts
            ]
        )
        if base is not None:
            event = mlmd.Event(artifact_id=base, execution_id=execution, type=mlmd.Event.INPUT)
            event.path.steps.add().key = "base_model"
            self.store.put_events([event])


@pytest.fixture
def lineage() -> Lineage:
    return Lineage()


def test_the_first_run_has_nothing_before_it(lineage: Lineage) -> None:
    assert lineage.resolve(lineage.data()) == []


def test_the_data_of_the_newest_blessed_model(lineage: Lineage) -> None:
    first, second, third, ours = (lineage.data() for _ in range(4))
    lineage.model(first, blessed=True)
    lineage.model(second, blessed=True)
    lineage.model(third, blessed=False)
    assert lineage.resolve(ours) == [second]


def test_a_repeated_run_is_held_against_the_same_data_once_its_model_is_blessed(
    lineage: Lineage,
) -> None:
    first, ours = lineage.data(), lineage.data()
    lineage.model(first, blessed=True)
    before = lineage.resolve(ours)
    lineage.model(ours, blessed=True)
    assert lineage.resolve(ours) == before == [first]
    assert lineage.resolve(first) == []


def test_later_runs_do_not_change_what_an_earlier_one_is_held_against(lineage: Lineage) -> None:
    first, ours, later = lineage.data(), lineage.data(), lineage.data()
    lineage.model(first, blessed=True)
    lineage.model(later, blessed=True)
    assert lineage.resolve(ours) == [first]


def test_another_model_on_our_data_does_not_count(lineage: Lineage) -> None:
    ours = lineage.data()
    lineage.model(ours, blessed=True)
    lineage.model(ours, blessed=True)
    assert lineage.resolve(ours) == []


def test_the_data_of_a_model_that_another_went_on_from_are_not_that_one_s(lineage: Lineage) -> None:
    first, second, ours, later = (lineage.data() for _ in range(4))
    base = lineage.model(first, blessed=True)
    lineage.model(second, blessed=True)
    lineage.model(later, blessed=True, base=base)
    assert lineage.resolve(ours) == [second]
