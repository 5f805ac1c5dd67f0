"""The first container of a run: compiles the pipeline for this run and leaves it on the volume.

Compiling here, and not where the pipeline was submitted from, lets a run have parameters of its
own, and keeps fingerprints of the code those of the image.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.proto.orchestration import pipeline_pb2

from pipeline.artifact_store.folders import check_store
from pipeline.data_window import with_window
from pipeline.errors import RunError
from pipeline.kubeflow import stored
from pipeline.kubeflow.metadata import connection_of
from pipeline.kubeflow.outcome import main_of
from pipeline.kubeflow.settings import MetadataSettings
from pipeline.lineage import NodeState
from pipeline.refusals import dotted
from pipeline.runners import node
from pipeline.runners.local import compile_pipeline
from pipeline.runners.lock import in_turn
from pipeline.runners.stack import load_tfx
from pipeline.settings import Settings

_TABLES_LOCK = "metadata.lock"


def begin(arguments: list[str]) -> NodeState:
    """Writes the compiled pipeline, and makes ML Metadata's tables where they are missing.

    Raises:
        RunError: The image holds another pipeline than the one that was submitted, the run's
            parameters are wrong, or ML Metadata or the artifacts' store cannot be reached.
    """
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m pipeline.kubeflow.begin")
    parser.add_argument("--settings", required=True)
    parser.add_argument("--metadata", type=MetadataSettings.model_validate_json, required=True)
    parser.add_argument("--graph", type=json.loads, required=True)
    parser.add_argument("--ir", type=Path, required=True)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--until", default="")
    parser.add_argument("--last", type=_whole, default=0)
    parser.add_argument("--pipeline-root")
    given = parser.parse_args(arguments)
    settings = settings_in(given.settings)
    load_tfx()
    from pipeline.dag import create_pipeline  # after load_tfx, which says what is broken

    pipeline = create_pipeline(with_window(settings, given.until, given.last))
    compiled = compile_pipeline(pipeline, given.run_id)
    check_graph({name: tuple(before) for name, before in given.graph.items()}, compiled)
    if given.pipeline_root:
        check_store(given.pipeline_root)
        compiled.runtime_spec.pipeline_root.field_value.string_value = given.pipeline_root
    own = node.connection_of(runner_utils.extract_local_deployment_config(compiled))
    make_tables(connection_of(given.metadata) or own, given.ir.with_name(_TABLES_LOCK))
    stored.write(compiled, given.ir)
    return NodeState.DONE


def make_tables(connection: Any, lock: Path) -> None:
    """Makes ML Metadata's tables where they are missing, one run of a pipeline after the other.

    ML Metadata looks for its tables and, where it finds none, drops them all and makes them anew,
    not in one transaction: what another run has written in between would be gone.

    Args:
        connection: The ML Metadata connection.
        lock: A file on the volume that the runs share.
    """
    with in_turn(lock), metadata.Metadata(connection):
        pass


def settings_in(text: str) -> Settings:
    """The settings that were submitted.

    Raises:
        RunError: This version of the project does not know them.
    """
    try:
        return Settings.model_validate_json(text)
    except ValidationError as error:
        keys = ", ".join(f"`{dotted(one['loc'])}`" for one in error.errors(include_url=False))
        raise RunError(
            "the image must hold the version that compiled the pipeline. Received: settings that "
            f"this one refuses at {keys}. Compile with the version in the image, or name another "
            "image."
        ) from error


def _whole(text: str) -> int:
    """Kubeflow passes whole numbers as `7` or as `7.0`."""
    number = float(text)
    if not number.is_integer():
        raise ValueError(f"{text} is no whole number")
    return int(number)


def check_graph(submitted: stored.Graph, compiled: pipeline_pb2.Pipeline) -> None:
    """Refuses an image whose pipeline is not the one that was submitted.

    Raises:
        RunError: A node is more, missing, or waits for others.
    """
    here = stored.graph_of(compiled)
    if here != submitted:
        differing = {name for name, _ in set(here.items()) ^ set(submitted.items())}
        raise RunError(
            "the image must hold the pipeline that was compiled. Received: an image whose nodes "
            f"differ at {', '.join(sorted(differing))}. Compile with the version in the image, "
            "or name another image."
        )


if __name__ == "__main__":
    main_of(begin)
