"""One node of a compiled pipeline, from its driver to its entry in the metadata."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import execution_publish_utils, launcher
from tfx.orchestration.portable.mlmd import context_lib
from tfx.proto.orchestration import pipeline_pb2

from pipeline.errors import short_message
from pipeline.lineage import NodeState
from pipeline.runners.executions import close_node, executions_of
from pipeline.runners.interruption import end_children
from trainer.stall import StalledError


@dataclasses.dataclass(frozen=True)
class NodeResult:
    """How a node ended.

    Attributes:
        node_id: Its id.
        state: `done` or `cached`.
        seconds: Wall time.
    """

    node_id: str
    state: NodeState
    seconds: float


class NodeError(Exception):
    """A node failed; its cause is the error that it raised."""

    def __init__(self, node_id: str, cause: BaseException) -> None:
        super().__init__(f"{node_id} failed: {short_message(cause)}")
        self.node_id = node_id


class UnpublishedNodeError(Exception):
    """TFX came back from a node without an outcome."""


def launch_node(
    pipeline: pipeline_pb2.Pipeline,
    node_id: str,
    connection: Any = None,
    operators: Mapping[type, Callable[..., Any]] | None = None,
) -> NodeResult:
    """Runs one node: resolves its inputs, takes its outputs from the cache or executes it.

    Args:
        pipeline: The compiled pipeline, with the run id filled in.
        node_id: Which node.
        connection: ML Metadata connection; None takes the one in the pipeline.
        operators: What runs an executor of each kind; None for TFX's own.

    Raises:
        NodeError: The node failed. The metadata say so, and nothing half-written is left.
        KeyboardInterrupt: The node was interrupted; the same holds.
    """
    started = time.monotonic()
    deployment = runner_utils.extract_local_deployment_config(pipeline)
    connection = connection or connection_of(deployment)
    node = _node_of(pipeline, node_id)
    try:
        execution_info = launcher.Launcher(
            pipeline_node=node,
            mlmd_connection=metadata.Metadata(connection),
            pipeline_info=pipeline.pipeline_info,
            pipeline_runtime_spec=pipeline.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(deployment, node_id),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
            custom_executor_operators=operators,
        ).launch()
        state = _outcome(connection, node_id, execution_info)
    except BaseException as error:
        end_children()  # before their outputs are removed
        _close(pipeline, node, connection, error)
        if isinstance(error, Exception):
            raise NodeError(node_id, error) from error
        raise
    return NodeResult(node_id, state, time.monotonic() - started)


def run_id_of(pipeline: pipeline_pb2.Pipeline) -> str:
    """The run id that was filled in."""
    return str(pipeline.runtime_spec.pipeline_run_id.field_value.string_value)


def connection_of(deployment: Any) -> Any:
    """The ML Metadata connection that a deployment configuration holds."""
    config = deployment.metadata_connection_config
    return getattr(config, config.WhichOneof("connection_config"))


def _node_of(pipeline: pipeline_pb2.Pipeline, node_id: str) -> Any:
    nodes = {node.pipeline_node.node_info.id: node.pipeline_node for node in pipeline.nodes}
    if node_id not in nodes:
        raise ValueError(
            f"the node must be one of the pipeline's. Received: {node_id!r}. "
            f"Choose from {sorted(nodes)}."
        )
    return nodes[node_id]


def _outcome(connection: Any, node_id: str, execution_info: Any) -> NodeState:
    """`done` or `cached`; every other outcome that TFX passes over in silence is an error."""
    execution_id = execution_info.execution_id if execution_info else None
    if not execution_id:
        raise UnpublishedNodeError(
            f"{node_id} did not run, because an input of it was not there. Look for the node that "
            "should have made it in the log."
        )
    with metadata.Metadata(connection) as handle:
        [execution] = handle.store.get_executions_by_id([execution_id])
    if execution.last_known_state == mlmd.Execution.CACHED:
        return NodeState.CACHED
    if execution.last_known_state == mlmd.Execution.COMPLETE:
        return NodeState.DONE
    raise UnpublishedNodeError(
        f"{node_id} ended in the state {mlmd.Execution.State.Name(execution.last_known_state)}, "
        "because its inputs could not be resolved. The log holds TFX's error."
    )


def _close(
    pipeline: pipeline_pb2.Pipeline, node: Any, connection: Any, error: BaseException
) -> None:
    """Says in the metadata how the node ended; TFX registers none that it does not start."""
    interrupted = not isinstance(error, Exception)
    run_id, node_context = run_id_of(pipeline), f"{pipeline.pipeline_info.id}.{node.node_info.id}"
    with metadata.Metadata(connection) as handle:
        if not executions_of(handle.store, run_id, node_context):
            contexts = context_lib.prepare_contexts(handle, node.contexts)
            execution_publish_utils.register_execution(handle, node.node_info.type, contexts)
        close_node(
            handle.store,
            run_id,
            node_context,
            Path(pipeline.runtime_spec.pipeline_root.field_value.string_value),
            error="interrupted" if interrupted else short_message(error),
            canceled=interrupted,
            final=isinstance(error, StalledError),
        )
