"""The container of one node: its driver, its executor and its entry in the metadata."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils

from pipeline.kubeflow import stored
from pipeline.kubeflow.metadata import connection_of
from pipeline.kubeflow.outcome import main_of
from pipeline.kubeflow.settings import MetadataSettings
from pipeline.kubeflow.training.placing import placed
from pipeline.kubeflow.training.plan import Plan
from pipeline.lineage import NodeState
from pipeline.runners import node
from pipeline.runners.executions import clear_attempt


def run(arguments: list[str]) -> NodeState:
    """Runs the node; what an attempt before this one left behind is cleared away first.

    Raises:
        NodeError: The node failed.
        RunError: The compiled pipeline or ML Metadata cannot be reached.
    """
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m pipeline.kubeflow.node")
    parser.add_argument("--node-id", required=True)
    parser.add_argument("--ir", type=Path, required=True)
    parser.add_argument("--metadata", type=MetadataSettings.model_validate_json, required=True)
    parser.add_argument("--training", type=Plan.model_validate_json)
    given = parser.parse_args(arguments)
    compiled = stored.read(given.ir)
    own = node.connection_of(runner_utils.extract_local_deployment_config(compiled))
    connection = connection_of(given.metadata) or own
    run_id = node.run_id_of(compiled)
    pipeline = compiled.pipeline_info.id
    with placed(given.training, pipeline=pipeline, node_id=given.node_id, run_id=run_id):
        with metadata.Metadata(connection) as handle:
            clear_attempt(
                handle.store,
                run_id,
                f"{pipeline}.{given.node_id}",
                Path(compiled.runtime_spec.pipeline_root.field_value.string_value),
            )
        return node.launch_node(compiled, given.node_id, connection).state


if __name__ == "__main__":
    main_of(run)
