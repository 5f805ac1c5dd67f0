"""The container of one node: its driver, its executor and its entry in the metadata."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from tfx.orchestration.local import runner_utils
from tfx.proto.orchestration import executable_spec_pb2

from pipeline.kubeflow import stored
from pipeline.kubeflow.beam import run_elsewhere
from pipeline.kubeflow.metadata import connection_of
from pipeline.kubeflow.outcome import main_of
from pipeline.kubeflow.settings import MetadataSettings
from pipeline.kubeflow.training.placing import placed
from pipeline.kubeflow.training.plan import Plan
from pipeline.lineage import NodeState
from pipeline.runners.executions import clear_attempt
from pipeline.runners.light import load_launcher


def run(arguments: list[str]) -> NodeState:
    """Runs the node; what an attempt before this one left behind is cleared away first.

    Raises:
        NodeError: The node failed.
        RunError: The compiled pipeline or ML Metadata cannot be reached, or the attempt before
            failed as this one would: its training diverged or collapsed.
    """
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m pipeline.kubeflow.node")
    parser.add_argument("--node-id", required=True)
    parser.add_argument("--ir", type=Path, required=True)
    parser.add_argument("--metadata", type=MetadataSettings.model_validate_json, required=True)
    parser.add_argument("--beam", type=json.loads, default=[])
    parser.add_argument("--training", type=Plan.model_validate_json)
    given = parser.parse_args(arguments)
    compiled = stored.read(given.ir)
    if given.beam:
        run_elsewhere(compiled, given.node_id, given.beam)
    deployment = runner_utils.extract_local_deployment_config(compiled)
    _load_launcher(runner_utils.extract_executor_spec(deployment, given.node_id))
    from tfx.orchestration import metadata  # these load TFX's launcher

    from pipeline.artifact_store.staging import staging
    from pipeline.runners import node

    connection = connection_of(given.metadata) or node.connection_of(deployment)
    run_id, pipeline = node.run_id_of(compiled), compiled.pipeline_info.id
    # Pods of an earlier attempt are gone before its folders are cleared.
    with (
        placed(given.training, pipeline=pipeline, node_id=given.node_id, run_id=run_id),
        staging(compiled) as operators,
    ):
        with metadata.Metadata(connection) as handle:
            clear_attempt(
                handle.store,
                run_id,
                f"{pipeline}.{given.node_id}",
                Path(compiled.runtime_spec.pipeline_root.field_value.string_value),
            )
        return node.launch_node(compiled, given.node_id, connection, operators).state


def _load_launcher(executor: Any) -> None:
    """Loads TFX's launcher for an executor's specification; None for a node without one."""
    with_beam = isinstance(executor, executable_spec_pb2.BeamExecutableSpec)
    python = executor.python_executor_spec if with_beam else executor
    load_launcher(python.class_path if python else "", with_beam=with_beam)


if __name__ == "__main__":
    main_of(run)
