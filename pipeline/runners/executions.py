"""Executions that did not end well: closed in the metadata, and what they left on disk removed."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.errors import RunError
from pipeline.lineage import ERROR_PROPERTY, SUCCESSFUL, is_open

logger = logging.getLogger(__name__)

FINAL_PROPERTY = "sluice_final"  # custom property of an execution: to try again would not help


def close_node(
    store: Any,
    run_id: str,
    node_context: str,
    pipeline_root: Path,
    *,
    error: str,
    canceled: bool,
    final: bool,
) -> None:
    """Closes the execution of one node in one run after it failed or was interrupted.

    TFX marks an execution as failed where its executor raised an `Exception`. A driver that raises
    and a KeyboardInterrupt leave it open, with half-written outputs on disk.

    Args:
        store: The ML Metadata store.
        run_id: Name of the run's context.
        node_context: Name of the node's context.
        pipeline_root: Folder of the artifacts.
        error: Why; kept with the execution for `sluice status`.
        canceled: True for an interruption.
        final: True where the same node in the same run would fail again.
    """
    for execution in executions_of(store, run_id, node_context):
        failed = execution.last_known_state == mlmd.Execution.FAILED
        if failed or is_open(execution):
            if final:
                execution.custom_properties[FINAL_PROPERTY].int_value = 1
            _close(store, execution, pipeline_root, error=error, canceled=canceled)


def clear_attempt(store: Any, run_id: str, node_context: str, pipeline_root: Path) -> None:
    """Makes room for a node to be tried again in the same run, after an attempt that is over.

    TFX takes up the execution of the attempt before, and its output folders with all that was left
    in them. An execution that was published is left alone: TFX takes its outcome.

    Args:
        store: The ML Metadata store.
        run_id: Name of the run's context.
        node_context: Name of the node's context.
        pipeline_root: Folder of the artifacts.

    Raises:
        RunError: That attempt ended with an error that another one would end with, too.
    """
    for execution in executions_of(store, run_id, node_context):
        if FINAL_PROPERTY in execution.custom_properties:
            raise RunError(execution.custom_properties[ERROR_PROPERTY].string_value)
        if execution.last_known_state not in SUCCESSFUL:
            _remove_outputs(execution, pipeline_root)
            if ERROR_PROPERTY in execution.custom_properties:
                del execution.custom_properties[ERROR_PROPERTY]
            execution.last_known_state = mlmd.Execution.RUNNING
            store.put_executions([execution])


def close_abandoned(store: Any, pipeline_root: Path) -> int:
    """Closes what a process that was killed left open; only for the holder of the root's lock.

    Returns:
        How many executions were closed.
    """
    abandoned = [execution for execution in store.get_executions() if is_open(execution)]
    for execution in abandoned:
        error = "its process ended before the node had finished"
        _close(store, execution, pipeline_root, error=error, canceled=True)
    return len(abandoned)


def executions_of(store: Any, run_id: str, node_context: str) -> list[Any]:
    """Executions of a node in a run; none where it never came to be registered."""
    run = store.get_context_by_type_and_name("pipeline_run", run_id)
    node = store.get_context_by_type_and_name("node", node_context)
    if run is None or node is None:
        return []
    in_run = {execution.id for execution in store.get_executions_by_context(run.id)}
    return [e for e in store.get_executions_by_context(node.id) if e.id in in_run]


def _close(store: Any, execution: Any, pipeline_root: Path, *, error: str, canceled: bool) -> None:
    execution.last_known_state = mlmd.Execution.CANCELED if canceled else mlmd.Execution.FAILED
    execution.custom_properties[ERROR_PROPERTY].string_value = error
    store.put_executions([execution])
    _remove_outputs(execution, pipeline_root)


def _remove_outputs(execution: Any, pipeline_root: Path) -> None:
    # TFX lays outputs at <node>/<key>/<execution id>, and working files of the same number below
    # <node>/.system; no other execution ever has the number.
    for pattern in ("*/*/{}", "*/.system/executor_execution/{}"):
        for leftover in pipeline_root.glob(pattern.format(execution.id)):
            logger.info("removing what execution %d left at %s", execution.id, leftover)
            shutil.rmtree(leftover, ignore_errors=True)
