"""The compiled pipeline of one run, as a file on the volume that its containers share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from google.protobuf.message import DecodeError
from tfx.proto.orchestration import pipeline_pb2

from pipeline.errors import RunError
from serving.durable import replace_file

Graph = Mapping[str, tuple[str, ...]]  # node id -> ids of the nodes before it, in running order


def graph_of(compiled: pipeline_pb2.Pipeline) -> Graph:
    """Nodes of a compiled pipeline and what each waits for, in topological order."""
    nodes = [node.pipeline_node for node in compiled.nodes]
    return {node.node_info.id: tuple(sorted(node.upstream_nodes)) for node in nodes}


def write(compiled: pipeline_pb2.Pipeline, path: Path) -> None:
    """Writes a compiled pipeline; a reader sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, compiled.SerializeToString(deterministic=True))


def read(path: Path) -> pipeline_pb2.Pipeline:
    """Reads what `write` wrote.

    Raises:
        RunError: There is no such file, or it holds something else.
    """
    try:
        return pipeline_pb2.Pipeline.FromString(path.read_bytes())
    except (OSError, DecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a compiled pipeline"
        raise RunError(
            "the first container of a run leaves the compiled pipeline on the volume. Received: "
            f"{path}: {reason}. See that every container mounts the same volume at this path."
        ) from error
