"""A compiled file read back: commands, order, retries, and what cannot be run here."""

import pytest
import yaml

from pipeline.errors import RunError
from pipeline.kubeflow.specification import Retry, read_containers
from tests.pipeline.kubeflow.conftest import Diamond


@pytest.fixture(scope="module")
def text(tmp_path_factory, diamond_module):
    """The diamond, compiled."""
    from pipeline.kubeflow.compiling import compile_for_kubeflow

    diamond = Diamond(tmp_path_factory.mktemp("diamond"))
    diamond.settle(
        nodes={"Left": {"retries": 4, "timeout_minutes": 5, "environment": {"A": "b"}}},
        containers={"secrets": {"KEY": {"secret": "store", "key": "k"}}},
    )
    return compile_for_kubeflow(diamond.settings, diamond_module.create_pipeline)


@pytest.fixture
def read(tmp_path, text):
    """Reads the file after a change of its specification."""

    def changed(change=None, **given):
        [spec, platform] = yaml.safe_load_all(text)
        if change:
            change(spec)
        path = tmp_path / "pipeline.yaml"
        path.write_text(yaml.safe_dump_all([spec, platform]))
        return {one.name: one for one in read_containers(path, "run-1", given)}

    return changed


def test_a_container_is_all_that_was_compiled(read):
    left = read()["Left"]
    assert left.command == (
        *("python", "-m", "pipeline.kubeflow.node", "--node-id", "Left"),
        *("--metadata", "{}", "--ir", "/sluice/shop/kubeflow/run-1.pb"),
    )
    assert left.before == ("Source",)
    assert left.environment == {"A": "b"}
    assert left.secrets == {"KEY": "store/k"}
    assert left.mounts == ("/sluice",)
    assert left.retry == Retry(times=4, wait=10.0, factor=2.0, longest=600.0)
    assert left.timeout == 300.0


def test_they_come_in_order(read):
    names = list(read())
    assert names[:2] == ["Begin", "Source"]
    assert names[-1] == "Join"


def test_parameters_of_the_run_reach_the_command(read):
    assert read()["Begin"].argument("--until") == ""
    assert read()["Begin"].argument("--last") == "0"
    begin = read(until="2024-01-31", last="7")["Begin"]
    assert begin.argument("--until") == "2024-01-31"
    assert begin.argument("--last") == "7"
    assert begin.argument("--run-id") == "run-1"
    with pytest.raises(RunError, match=r"Received: untill\. There are: last, until"):
        read(untill="2024-01-31")


def test_a_condition_cannot_be_run_here(read):
    def change(spec):
        spec["root"]["dag"]["tasks"]["left"]["triggerPolicy"] = {"condition": "true"}

    with pytest.raises(RunError, match="the task 'left', which is a condition"):
        read(change)


def test_an_output_of_another_task_cannot_be_an_input(read):
    def change(spec):
        output = {"producerTask": "source", "outputParameterKey": "o"}
        left = spec["root"]["dag"]["tasks"]["left"]["inputs"]["parameters"]
        left["run_id"] = {"taskOutputParameter": output}

    with pytest.raises(RunError, match="'run_id' of 'left', a task_output_parameter"):
        read(change)


def test_a_placeholder_without_its_input_is_refused(read):
    def change(spec):
        del spec["root"]["dag"]["tasks"]["left"]["inputs"]

    with pytest.raises(RunError, match="must name inputs of its task"):
        read(change)


def test_a_circle_is_refused(read):
    def change(spec):
        spec["root"]["dag"]["tasks"]["source"]["dependentTasks"].append("join")

    with pytest.raises(RunError, match=r"without a circle\. Received: Join, Left, Right, Source"):
        read(change)


@pytest.mark.parametrize("text", ["a: [", "just words", "pipelineInfo: {name: x}\n"])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / "pipeline.yaml"
    path.write_text(text)
    with pytest.raises(RunError, match="which Kubeflow's loader refuses"):
        read_containers(path, "run-1", {})


def test_a_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(RunError, match=r"which does not exist\. Write it: sluice compile"):
        read_containers(tmp_path / "pipeline.yaml", "run-1", {})
