"""The nodes that use Beam, and the arguments by which each runs it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from pipeline.kubeflow.beam_settings import BeamSettings, Dataflow, Flink
from pipeline.kubeflow.settings import KubeflowSettings
from pipeline.refusals import SettingsError
from pipeline.settings import Settings


def arguments_of(
    settings: Settings, kubeflow: KubeflowSettings, compiled: pipeline_pb2.Pipeline
) -> Mapping[str, list[str]]:
    """Beam's arguments for each node that runs it elsewhere.

    Args:
        settings: The whole settings.
        kubeflow: Their section for Kubeflow.
        compiled: The pipeline.

    Raises:
        SettingsError: A node that uses no Beam is sent elsewhere, or a runner would not find what
            the pipeline writes.
    """
    using = beam_nodes(compiled)
    for name, node in kubeflow.nodes.items():
        if node.beam and name not in using:
            raise SettingsError(
                "`beam` says where a node runs Beam, and not every node does. Received: "
                f"`kubeflow.nodes.{name}.beam`. Those that do: {', '.join(using)}."
            )
    chosen = {name: kubeflow.container(name).beam for name in using}
    for name, beam in chosen.items():
        if beam and beam.dataflow:
            _check_object_storage(name, settings)
    return {name: arguments(beam) for name, beam in chosen.items() if beam}


def arguments(beam: BeamSettings) -> list[str]:
    """Beam's own arguments for some settings."""
    given = []
    if beam.flink:
        given += _flink(beam.flink)
    if beam.dataflow:
        given += _dataflow(beam.dataflow)
    return given


def beam_nodes(compiled: pipeline_pb2.Pipeline) -> list[str]:
    """Ids of the nodes that use Beam, in running order."""
    specs = _deployment(compiled).executor_specs
    beam = executable_spec_pb2.BeamExecutableSpec.DESCRIPTOR
    ids = [node.pipeline_node.node_info.id for node in compiled.nodes]
    return [name for name in ids if name in specs and specs[name].Is(beam)]


def run_elsewhere(compiled: pipeline_pb2.Pipeline, node_id: str, given: Sequence[str]) -> None:
    """Gives a node of a compiled pipeline other arguments for Beam, in the place of its own."""
    deployment = _deployment(compiled)
    spec = executable_spec_pb2.BeamExecutableSpec()
    deployment.executor_specs[node_id].Unpack(spec)
    del spec.beam_pipeline_args[:], spec.beam_pipeline_args_placeholders[:]
    for one in given:
        spec.beam_pipeline_args.append(one)
        spec.beam_pipeline_args_placeholders.add().value.string_value = one
    deployment.executor_specs[node_id].Pack(spec)
    compiled.deployment_config.Pack(deployment)


def _deployment(compiled: pipeline_pb2.Pipeline) -> Any:
    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    compiled.deployment_config.Unpack(deployment)
    return deployment


def _flink(flink: Flink) -> list[str]:
    return [
        "--runner=PortableRunner",
        f"--job_endpoint={flink.job_server}",
        "--environment_type=EXTERNAL",
        f"--environment_config={flink.workers}",
        f"--parallelism={flink.parallelism}",
        # Without an image named, TFX would pack a source distribution of itself.
        "--sdk_container_image=local",
    ]


def _dataflow(dataflow: Dataflow) -> list[str]:
    optional = {
        "worker_machine_type": dataflow.machine,
        "service_account_email": dataflow.service_account,
        "subnetwork": dataflow.subnetwork,
    }
    return [
        "--runner=DataflowRunner",
        f"--project={dataflow.project}",
        f"--region={dataflow.region}",
        f"--temp_location={dataflow.temp}",
        f"--sdk_container_image={dataflow.image}",
        "--sdk_location=container",
        f"--max_num_workers={dataflow.max_workers}",
        *(f"--{name}={value}" for name, value in optional.items() if value),
    ]


def _check_object_storage(name: str, settings: Settings) -> None:
    """Refuses Dataflow where it would neither find nor leave anything."""
    paths = {"root": str(settings.root), "data.events.path": settings.data.events.path}
    for key, path in paths.items():
        if not path.startswith("gs://"):
            raise SettingsError(
                f"Dataflow's machines mount no volume: `{key}` must lie on gs:// for {name} to run "
                f"there. Received: {path}. Run its Beam on Flink, or in its own container."
            )
