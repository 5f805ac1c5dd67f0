"""Beam somewhere else: settings, the arguments that Beam reads, and where they go."""

import itertools
import json

import pytest
import yaml
from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
    StandardOptions,
    WorkerOptions,
)
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from pydantic import ValidationError

from pipeline.kubeflow.beam_settings import BeamSettings
from pipeline.refusals import SettingsError

FLINK = {"flink": {"job_server": "flink-beam:8099", "parallelism": 8}}
DATAFLOW = {
    "dataflow": {
        "project": "shop",
        "region": "europe-west4",
        "temp": "gs://shop/tmp",
        "image": "registry.example/sluice:1-dataflow",
        "max_workers": 6,
        "machine": "n2-standard-4",
    }
}
USING = ["EventExampleGen", "StatisticsGen", "Transform", "RankerEvaluator", "ListEvaluator"]


def arguments(settings):
    from pipeline.kubeflow.beam import arguments

    return arguments(BeamSettings.model_validate(settings))


def objections(given):
    """What Beam has against arguments before it submits a job, and those that it does not know."""
    options = PipelineOptions([*given, "--dry_run=True"])  # else it asks Google for the bucket
    runner = type(options.view_as(StandardOptions).runner, (), {})()
    known = options.get_all_options()
    unknown = {
        name: value
        for name, value in options.get_all_options(retain_unknown_options=True).items()
        if name not in known
    }
    return PipelineOptionsValidator(options, runner).validate(), unknown


@pytest.mark.parametrize("settings", [FLINK, DATAFLOW])
def test_beam_takes_every_argument(settings):
    assert objections(arguments(settings)) == ([], {})


def test_an_argument_that_beam_does_not_take_would_be_noticed():
    given = [one for one in arguments(DATAFLOW) if not one.startswith("--project")]
    found, unknown = objections([*given, "--temp_locaton=gs://shop/tmp"])
    assert any("project" in one for one in found)
    assert unknown == {"temp_locaton": "gs://shop/tmp"}


def test_flink_gets_jobs_through_its_job_server_and_workers_from_our_image():
    options = PipelineOptions(arguments(FLINK))
    assert options.view_as(StandardOptions).runner == "PortableRunner"
    portable = options.view_as(PortableOptions)
    assert portable.job_endpoint == "flink-beam:8099"
    assert (portable.environment_type, portable.environment_config) == (
        "EXTERNAL",
        "localhost:50000",
    )
    assert options.view_as(FlinkRunnerOptions).parallelism == 8


def test_dataflow_gets_project_place_and_image():
    options = PipelineOptions(arguments(DATAFLOW))
    assert options.view_as(StandardOptions).runner == "DataflowRunner"
    cloud, workers = options.view_as(GoogleCloudOptions), options.view_as(WorkerOptions)
    assert (cloud.project, cloud.region) == ("shop", "europe-west4")
    assert cloud.temp_location == "gs://shop/tmp"
    assert workers.sdk_container_image == "registry.example/sluice:1-dataflow"
    assert (workers.max_num_workers, workers.machine_type) == (6, "n2-standard-4")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "`flink` or `dataflow`. Received: neither"),
        (FLINK | DATAFLOW, "Received: `flink` and `dataflow`"),
        ({"flink": {"job_server": "http://flink:8099"}}, "job_server"),
        ({"flink": {"job_server": "flink:8099", "parallelism": 0}}, "parallelism"),
        ({"dataflow": DATAFLOW["dataflow"] | {"temp": "/tmp"}}, "temp"),
    ],
)
def test_what_is_refused(settings, said):
    with pytest.raises(ValidationError) as refused:
        BeamSettings.model_validate(settings)
    assert said in str(refused.value)


@pytest.fixture(scope="module")
def compile_with(tmp_path_factory):
    """Compiles the whole pipeline, with keys of the `kubeflow` section changed."""
    from pipeline.dag import create_pipeline
    from pipeline.kubeflow.compiling import compile_for_kubeflow
    from tests.pipeline.kubeflow.conftest import Diamond

    shop = Diamond(tmp_path_factory.mktemp("shop"))

    def compiled(**kubeflow):
        shop.settle(**kubeflow)
        [spec, _] = yaml.safe_load_all(compile_for_kubeflow(shop.settings, create_pipeline))
        found = {}
        for executor in spec["deploymentSpec"]["executors"].values():
            args = executor["container"]["args"]
            told = dict(itertools.pairwise(args))
            if "--beam" in told:
                found[told["--node-id"]] = json.loads(told["--beam"])
        return found

    return compiled


def test_a_node_is_told_where_its_beam_runs_and_the_others_are_not(compile_with):
    assert compile_with(nodes={"Transform": {"beam": FLINK}}) == {"Transform": arguments(FLINK)}
    everywhere = compile_with(containers={"beam": FLINK})
    assert sorted(everywhere) == sorted(USING)


def test_a_node_without_beam_is_refused(compile_with):
    with pytest.raises(SettingsError, match=r"`kubeflow\.nodes\.Ranker\.beam`\. Those that do: Ev"):
        compile_with(nodes={"Ranker": {"beam": FLINK}})


def test_dataflow_is_refused_where_it_would_find_nothing(compile_with):
    with pytest.raises(SettingsError, match=r"`root` must lie on gs:// for ListEvaluator to run"):
        compile_with(nodes={"ListEvaluator": {"beam": DATAFLOW}})


def test_a_compiled_node_runs_its_beam_elsewhere_and_the_others_do_not():
    from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

    from pipeline.kubeflow.beam import beam_nodes, run_elsewhere

    deployment, compiled = pipeline_pb2.IntermediateDeploymentConfig(), pipeline_pb2.Pipeline()
    spec = executable_spec_pb2.BeamExecutableSpec(beam_pipeline_args=["--runner=FnApiRunner"])
    spec.python_executor_spec.class_path = "a.b"
    for name in ("One", "Two"):
        deployment.executor_specs[name].Pack(spec)
        compiled.nodes.add().pipeline_node.node_info.id = name
    deployment.executor_specs["Three"].Pack(executable_spec_pb2.PythonClassExecutableSpec())
    compiled.nodes.add().pipeline_node.node_info.id = "Three"
    compiled.deployment_config.Pack(deployment)
    assert beam_nodes(compiled) == ["One", "Two"]

    run_elsewhere(compiled, "Two", ["--runner=PortableRunner"])
    compiled.deployment_config.Unpack(deployment)
    for name, runner in (("One", "FnApiRunner"), ("Two", "PortableRunner")):
        deployment.executor_specs[name].Unpack(spec)
        assert list(spec.beam_pipeline_args) == [f"--runner={runner}"]
        assert spec.python_executor_spec.class_path == "a.b"
    [placeholder] = spec.beam_pipeline_args_placeholders
    assert placeholder.value.string_value == "--runner=PortableRunner"
