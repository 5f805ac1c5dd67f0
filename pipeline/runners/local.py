"""A pipeline on this machine: its nodes in this process, one after the other or nearly so."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
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
from pipeline.runners.beside import Beside
from pipeline.runners.executions import close_abandoned
from pipeline.runners.interruption import Interruption
from pipeline.runners.node import NodeError, NodeResult, connection_of
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
    pipeline: Pipeline,
    run_id: str,
    watch: Watch,
    interruption: Interruption,
    beside: Collection[str] = (),
) -> list[NodeResult]:
    """Runs every node in topological order and stops at the first that fails.

    The caller holds the lock of the root folder: executions that another process left open are
    taken for abandoned.

    Args:
        pipeline: The pipeline.
        run_id: Name of this run, unique in the metadata.
        watch: Called around each node.
        interruption: Tells of a Ctrl-C that a library swallowed.
        beside: Nodes that start as soon as they can, in a thread, and are waited for only where
            nothing else is left to do. They must leave alone what belongs to the whole process.

    Returns:
        How each node ended.

    Raises:
        NodeError: A node failed.
        KeyboardInterrupt: The run was interrupted.
    """
    compiled = compile_pipeline(pipeline, run_id)
    _close_abandoned(compiled)
    before = {
        node.pipeline_node.node_info.id: set(node.pipeline_node.upstream_nodes)
        for node in compiled.nodes
    }
    order = _late(before, beside)
    results: list[NodeResult] = []
    with _no_arguments(), Beside(compiled) as nodes:
        waiting = [node_id for node_id in order if node_id in beside]
        for number, node_id in enumerate(order, start=1):
            for ready in [one for one in waiting if before[one] <= set(order[: number - 1])]:
                waiting.remove(ready)
                nodes.start(ready)
            with watch(node_id, number, len(order)) as step:
                try:
                    with told_to(step.say):
                        result = nodes.launch(node_id)
                except NodeError as error:
                    interruption.check()  # an interruption that came out under another name
                    if error.node_id != node_id:  # it failed beside this one, and ended it
                        step.finish(NodeState.INTERRUPTED)
                    raise
                step.finish(result.state)
            interruption.check()
            results.append(result)
    return results


def _late(before: Mapping[str, set[str]], late: Collection[str]) -> list[str]:
    """Nodes in order, some of them as late as those allow that come after them.

    Args:
        before: Node -> those before it, in topological order.
        late: Those nodes.
    """
    order = [node_id for node_id in before if node_id not in late]
    for node_id in reversed([node_id for node_id in before if node_id in late]):
        after = (place for place, other in enumerate(order) if node_id in before[other])
        order.insert(next(after, len(order)), node_id)
    return order


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
