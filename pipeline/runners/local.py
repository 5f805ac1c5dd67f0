"""A pipeline on this machine: its nodes one after the other, in this process."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from pipeline.lineage import NodeState
from pipeline.runners.executions import close_abandoned
from pipeline.runners.interruption import Interruption
from pipeline.runners.node import NodeError, NodeResult, connection_of, launch_node
from trainer.progress import told_to

logger = logging.getLogger(__name__)


class Step(Protocol):
    """A node as the console shows it."""

    def finish(self, state: NodeState) -> None:
        """Says how it ended."""

    def say(self, line: str) -> None:
        """Says a line while it runs."""


Watch = Callable[[str, int, int], AbstractContextManager[Step]]  # node id, its number, of how many


def run(
    pipeline: Pipeline, run_id: str, watch: Watch, interruption: Interruption
) -> list[NodeResult]:
    """Runs every node in topological order and stops at the first that fails.

    The caller holds the lock of the root folder: executions that another process left open are
    taken for abandoned.

    Args:
        pipeline: The pipeline.
        run_id: Name of this run, unique in the metadata.
        watch: Called around each node.
        interruption: Tells of a Ctrl-C that a library swallowed.

    Returns:
        How each node ended.

    Raises:
        NodeError: A node failed.
        KeyboardInterrupt: The run was interrupted.
    """
    compiled = compile_pipeline(pipeline, run_id)
    _close_abandoned(compiled)
    node_ids = [node.pipeline_node.node_info.id for node in compiled.nodes]
    results = []
    with _no_arguments():
        for number, node_id in enumerate(node_ids, start=1):
            with watch(node_id, number, len(node_ids)) as step:
                try:
                    with told_to(step.say):
                        result = launch_node(compiled, node_id)
                except NodeError:
                    interruption.check()  # an interruption that came out under another name
                    raise
                step.finish(result.state)
            interruption.check()
            results.append(result)
    return results


def compile_pipeline(pipeline: Pipeline, run_id: str) -> pipeline_pb2.Pipeline:
    """The pipeline in TFX's intermediate representation, with the run id filled in."""
    compiled = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        compiled, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    return compiled


def _close_abandoned(compiled: pipeline_pb2.Pipeline) -> None:
    connection = connection_of(runner_utils.extract_local_deployment_config(compiled))
    root = Path(compiled.runtime_spec.pipeline_root.field_value.string_value)
    with metadata.Metadata(connection) as handle:
        if closed := close_abandoned(handle.store, root):
            logger.warning("closed %d executions of a run that was killed", closed)


@contextlib.contextmanager
def _no_arguments() -> Iterator[None]:
    """Hides this program's arguments: TFX appends them to the flags of every executor."""
    arguments, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = arguments
