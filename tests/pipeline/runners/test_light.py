"""What the process of a node loads before its executor begins, and what it may still load then."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[3]
HEAVY = {
    "tensorflow",
    "apache_beam",
    "tfx.components",
    "tensorflow_data_validation",
    "tensorflow_model_analysis",
    "tensorflow_transform",
}
# Executor -> what of it the node's work needs. TFX's own executors, and those that read what TFMA
# has written, need nearly all of it.
NEEDED = {
    "components.previous_model.PreviousBlessedModelStrategy": set(),
    "components.previous_span.PreviousSpanStrategy": set(),
    "components.feature_schema.executor.Executor": set(),
    "components.data_gate.executor.Executor": set(),
    "components.baselines.executor.Executor": set(),
    "components.pusher.executor.Executor": set(),
    "components.event_example_gen.executor.Executor": {"apache_beam"},
    "components.serving_validator.executor.Executor": {"tensorflow"},
    "components.recommender_assembler.executor.Executor": {"tensorflow", "tensorflow_transform"},
}
LIGHT = """
from pipeline.runners.light import load_launcher
load_launcher({!r}, with_beam={})
"""
WHOLE = "import tfx.orchestration.portable.launcher"
LOADED = f"""
import json, sys, pipeline.runners.node
from tfx.utils import import_utils
import_utils.import_class_by_path(sys.argv[1])
found = {{name: sys.modules.get(name) for name in {sorted(HEAVY)}}}
print(json.dumps([n for n, m in found.items() if m and type(m).__name__ != "_PutOff"]))
"""


def told(code, *arguments):
    """What a fresh process prints last."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("executor", NEEDED)
def test_a_node_loads_what_it_needs(executor):
    needed = NEEDED[executor]
    light = LIGHT.format(executor, "apache_beam" in needed)
    assert set(told(light + LOADED, executor)) == needed


def test_the_launcher_by_itself_loads_nearly_all():  # the control: so it would be without us
    assert len(told(WHOLE + LOADED, "components.feature_schema.executor.Executor")) >= 4


def test_what_was_put_off_works_once_it_is_used():
    assert told(
        LIGHT.format("", False)
        + """
import json, sys
from tfx.dsl.io.filesystem_registry import DEFAULT_FILESYSTEM_REGISTRY as registry
files = registry.get_filesystem_for_path("/a").__name__
assert type(sys.modules["tensorflow"]).__name__ == "_PutOff"
from tensorflow.core.framework import tensor_pb2
import tensorflow as tf
import apache_beam
from tfx.components import StatisticsGen
print(json.dumps([files, int(tf.constant(2) + 1), StatisticsGen.__name__]))
"""
    ) == ["LocalFilesystem", 3, "StatisticsGen"]


def test_an_evaluator_finds_what_tfx_puts_into_tfma():
    executor = "components.evaluator.executor.Executor"
    last = "import tensorflow_model_analysis as tfma; print(int(hasattr(tfma, 'EvalConfig')))"
    assert told(f"{LIGHT.format(executor, True)}{LOADED}{last}", executor) == 1
