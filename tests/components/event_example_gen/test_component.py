"""The declaration of the node."""

import pytest
from tfx.dsl.compiler import compiler
from tfx.orchestration import pipeline
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from components.event_example_gen.component import EventExampleGen
from components.event_example_gen.driver import Driver

ARGUMENTS = {
    "data": "{}",
    "split": "{}",
    "example_settings": "{}",
    "features": "[]",
    "aggregates": "[]",
    "seed": 1,
    "code": "abc",
}


def test_the_compiled_node_runs_our_driver():
    node = EventExampleGen(**ARGUMENTS)
    whole = pipeline.Pipeline("p", "/tmp/p", components=[node])
    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    compiler.Compiler().compile(whole).deployment_config.Unpack(deployment)
    spec = executable_spec_pb2.PythonClassExecutableSpec()
    deployment.custom_driver_specs["EventExampleGen"].Unpack(spec)
    assert spec.class_path == f"{Driver.__module__}.{Driver.__name__}"


def test_the_outputs_carry_their_types():
    outputs = EventExampleGen(**ARGUMENTS).outputs
    assert {key: outputs[key].type_name for key in outputs} == {
        "examples": "Examples",
        "tiles": "SluiceTiles",
        "user_states": "SluiceUserStates",
        "account": "SluiceDataAccount",
    }


def test_a_property_of_another_type_is_refused():
    with pytest.raises(TypeError, match="seed"):
        EventExampleGen(**{**ARGUMENTS, "seed": "one"})
