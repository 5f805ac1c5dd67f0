"""What ML Metadata remembers of the runs of a pipeline. Nothing here imports TFX.

ML Metadata 1.21 cannot filter queries, so these are plain walks from contexts to executions to
events to artifacts.
"""

from __future__ import annotations

import dataclasses
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.artifact_store.reading import readable
from pipeline.kubeflow.metadata import existing_store

if TYPE_CHECKING:
    from pipeline.kubeflow.settings import MetadataSettings
    from pipeline.settings import Settings

METADATA_FILE = "metadata.sqlite"
ERROR_PROPERTY = "sluice_error"  # custom property of an execution: why it failed
SUCCESSFUL = (mlmd.Execution.COMPLETE, mlmd.Execution.CACHED)
_INPUTS = (mlmd.Event.INPUT, mlmd.Event.DECLARED_INPUT, mlmd.Event.INTERNAL_INPUT)
_OUTPUTS = (mlmd.Event.OUTPUT, mlmd.Event.DECLARED_OUTPUT, mlmd.Event.INTERNAL_OUTPUT)


class NodeState(StrEnum):
    """How a node stands."""

    DONE = "done"
    CACHED = "cached"
    RUNNING = "running"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


_STATES = {
    mlmd.Execution.COMPLETE: NodeState.DONE,
    mlmd.Execution.CACHED: NodeState.CACHED,
    mlmd.Execution.FAILED: NodeState.FAILED,
    mlmd.Execution.CANCELED: NodeState.INTERRUPTED,
}


@dataclasses.dataclass(frozen=True)
class NodeRun:
    """One node in one run.

    Attributes:
        node_id: Its id.
        state: How it stands, or ended.
        seconds: From its registration to its end, or to now.
        error: Why it failed; empty otherwise.
    """

    node_id: str
    state: NodeState
    seconds: float
    error: str


@dataclasses.dataclass(frozen=True)
class PipelineRun:
    """One run.

    Attributes:
        run_id: Its id.
        started: When, unix seconds.
        nodes: Its nodes, in the order in which they started.
    """

    run_id: str
    started: float
    nodes: tuple[NodeRun, ...]


class Lineage:
    """Read access to the metadata of one pipeline."""

    def __init__(self, store: Any, pipeline: str) -> None:
        self._store = store
        self._pipeline = pipeline

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """The metadata of a pipeline: those in its root folder, where it ran on this machine.

        Else those that `kubeflow.metadata` names, where it has such a section.

        Raises:
            RunError: That server cannot be read.
        """
        own = cls.open(settings.root, settings.name)
        if own or not settings.kubeflow:
            return own
        return cls.at(settings.kubeflow.metadata, settings.root, settings.name)

    @classmethod
    def at(cls, metadata: MetadataSettings, root: Path, pipeline: str) -> Self | None:
        """The metadata on the server that settings name, or under the root folder without one.

        Raises:
            RunError: The server cannot be read.
        """
        store = existing_store(metadata)
        return cls(store, pipeline) if store else cls.open(root, pipeline)

    @classmethod
    def open(cls, root: Path, pipeline: str) -> Self | None:
        """The metadata under a root folder; None where nothing was ever run."""
        store = store_below(root, mlmd.SqliteMetadataSourceConfig.READONLY)
        return cls(store, pipeline) if store else None

    def last_run(self) -> PipelineRun | None:
        """The latest run, finished or not."""
        runs = self._run_contexts()
        return self._run(runs[-1]) if runs else None

    def runs(self) -> list[PipelineRun]:
        """All runs, finished or not, oldest first."""
        return [self._run(context) for context in self._run_contexts()]

    def outputs(
        self, run_id: str, type_name: str, node_id: str, *, deleted: bool = False
    ) -> list[Any]:
        """Artifacts (ML Metadata protos) of a type that a node put out in a run, oldest first.

        What a cached node put out again counts.

        Args:
            run_id: Id of the run.
            type_name: Name of the artifact type, such as `PushedModel`.
            node_id: The node.
            deleted: Whether those count that were deleted since.
        """
        return self._of_node(run_id, type_name, node_id, _OUTPUTS, deleted=deleted)

    def inputs(
        self, run_id: str, type_name: str, node_id: str, *, deleted: bool = False
    ) -> list[Any]:
        """Artifacts of a type that a node read in a run, see `outputs`."""
        return self._of_node(run_id, type_name, node_id, _INPUTS, deleted=deleted)

    def _of_node(
        self, run_id: str, type_name: str, node_id: str, kinds: tuple[Any, ...], *, deleted: bool
    ) -> list[Any]:
        types = self._types_named(type_name)
        run = self._store.get_context_by_type_and_name("pipeline_run", run_id)
        executions = self._store.get_executions_by_context(run.id) if run else []
        return [
            artifact
            for execution in sorted(executions, key=lambda e: e.id)
            if execution.last_known_state in SUCCESSFUL and self._node_of(execution) == node_id
            for artifact in self._artifacts_of(execution, kinds)
            if artifact.type_id in types and (deleted or _is_live(artifact))
        ]

    def latest_artifact(self, type_name: str, node_id: str | None = None) -> Path | None:
        """Where the artifact lies that the latest successful execution put out.

        A cached execution counts: it puts out, again, what an earlier one made.

        Args:
            type_name: Name of the artifact type, such as `SluiceReport`.
            node_id: Only from this node.

        Returns:
            Its folder; None where there is none, or it was deleted.
        """
        types = self._types_named(type_name)
        for execution in self._successful_executions():
            if node_id is not None and self._node_of(execution) != node_id:
                continue
            for artifact in self._artifacts_of(execution, _OUTPUTS):
                if artifact.type_id not in types or not _is_live(artifact):
                    continue
                if folder := readable(artifact.uri):
                    return folder
        return None

    def _run(self, context: Any) -> PipelineRun:
        executions = sorted(self._store.get_executions_by_context(context.id), key=lambda e: e.id)
        return PipelineRun(
            run_id=context.name,
            started=context.create_time_since_epoch / 1000,
            nodes=tuple(self._node_run(execution) for execution in executions),
        )

    def _run_contexts(self) -> list[Any]:
        """Oldest first."""
        contexts = self._store.get_contexts_by_type("pipeline_run")
        mine = {e.id for e in self._executions()}
        found = [
            context
            for context in contexts
            if any(e.id in mine for e in self._store.get_executions_by_context(context.id))
        ]
        return sorted(found, key=lambda context: (context.create_time_since_epoch, context.id))

    def _types_named(self, type_name: str) -> set[int]:
        return {t.id for t in self._store.get_artifact_types() if t.name == type_name}

    def _executions(self) -> list[Any]:
        context = self._store.get_context_by_type_and_name("pipeline", self._pipeline)
        return list(self._store.get_executions_by_context(context.id)) if context else []

    def _successful_executions(self) -> list[Any]:
        found = [e for e in self._executions() if e.last_known_state in SUCCESSFUL]
        return sorted(found, key=lambda e: e.id, reverse=True)

    def _artifacts_of(self, execution: Any, kinds: tuple[Any, ...]) -> list[Any]:
        events = self._store.get_events_by_execution_ids([execution.id])
        ids = [event.artifact_id for event in events if event.type in kinds]
        return list(self._store.get_artifacts_by_id(ids)) if ids else []

    def _node_of(self, execution: Any) -> str:
        prefix = f"{self._pipeline}."
        contexts = self._store.get_contexts_by_execution(execution.id)
        names = [c.name.removeprefix(prefix) for c in contexts if c.type == "node"]
        return names[0] if names else ""

    def _node_run(self, execution: Any) -> NodeRun:
        state = _STATES.get(execution.last_known_state, NodeState.RUNNING)
        ended = execution.last_update_time_since_epoch
        until = time.time() * 1000 if state is NodeState.RUNNING else ended
        return NodeRun(
            node_id=self._node_of(execution),
            state=state,
            seconds=(until - execution.create_time_since_epoch) / 1000,
            error=execution.custom_properties[ERROR_PROPERTY].string_value,
        )


def store_below(root: Path, mode: int) -> Any:
    """ML Metadata's store under a root folder, in a connection mode of SQLite; None without one."""
    path = root / METADATA_FILE
    if not path.is_file():
        return None
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    config.sqlite.connection_mode = mode
    return metadata_store.MetadataStore(config)


def _is_live(artifact: Any) -> bool:
    return bool(artifact.state == mlmd.Artifact.LIVE)


def is_open(execution: Any) -> bool:
    """True for an execution that was registered and has not ended."""
    return execution.last_known_state in (
        mlmd.Execution.NEW,
        mlmd.Execution.RUNNING,
        mlmd.Execution.UNKNOWN,
    )
