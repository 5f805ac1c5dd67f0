"""What is compiled for Kubeflow: its own loader takes it, it is what it was, and it says enough."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from google.protobuf import json_format
from kfp import components
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.kubeflow.training.plan import Plan
from pipeline.refusals import SettingsError
from trainer.settings import RankerSettings, RetrieverSettings

GOLDEN = Path(__file__).parent / "golden" / "diamond.yaml"
CONTAINERS = {
    "environment": {"TF_CPP_MIN_LOG_LEVEL": "2"},
    "secrets": {"STORE_KEY": {"secret": "store", "key": "key"}},
    "node_selector": {"pool": "batch"},
}
NODES = {
    "Left": {
        "cpu": "500m",
        "memory": "16Gi",
        "gpus": 2,
        "gpu_resource": "amd.com/gpu",
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "retries": 0,
        "timeout_minutes": 5,
    }
}
METADATA = {
    "mysql": {
        "host": "mysql.kubeflow",
        "database": "sluice",
        "user": "sluice",
        "password": {"secret": "sluice-mysql", "key": "password"},
    }
}


@pytest.fixture
def compiled(diamond, diamond_module):
    """Compiles the diamond, with keys of the `kubeflow` section changed."""

    def compile_with(**kubeflow):
        from pipeline.kubeflow.compiling import compile_for_kubeflow

        diamond.settle(**kubeflow)
        return compile_for_kubeflow(diamond.settings, diamond_module.create_pipeline)

    return compile_with


def container(text, label):
    [spec, platform] = yaml.safe_load_all(text)
    return (
        spec["deploymentSpec"]["executors"][label]["container"],
        platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"][label],
    )


def test_it_is_what_it_was(compiled):
    """The file under test; after a change that is meant: SLUICE_GOLDEN=write pytest THIS_FILE."""
    text = compiled(containers=CONTAINERS, nodes=NODES, metadata=METADATA)
    text = re.sub(r"'\{\"name\":\"diamond\".*?\}'\n", "SETTINGS\n", text, count=1, flags=re.DOTALL)
    if os.environ.get("SLUICE_GOLDEN") == "write":
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_kubeflows_own_loader_takes_it(compiled):
    text = compiled(nodes=NODES)
    loaded = components.load_component_from_text(text)
    assert loaded.pipeline_spec.schema_version == "2.1.0"
    assert set(loaded.component_spec.inputs) == {"until", "last"}
    [spec, platform] = yaml.safe_load_all(text)
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())


def test_the_loader_would_refuse_what_is_none(compiled):
    [spec, _] = yaml.safe_load_all(compiled())
    spec["root"]["dag"]["task"] = spec["root"]["dag"].pop("tasks")
    with pytest.raises(json_format.ParseError):
        json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())


def test_nodes_wait_for_those_before_them(compiled):
    [spec, _] = yaml.safe_load_all(compiled())
    tasks = spec["root"]["dag"]["tasks"]
    assert {name: sorted(task.get("dependentTasks", ())) for name, task in tasks.items()} == {
        "begin": [],
        "source": ["begin"],
        "left": ["source"],
        "right": ["source"],
        "join": ["left", "right"],
    }
    assert not any(task["cachingOptions"].get("enableCache") for task in tasks.values())


def test_a_container_asks_for_what_the_settings_say(compiled):
    text = compiled(containers=CONTAINERS, nodes=NODES, metadata=METADATA)
    left, left_platform = container(text, "exec-left")
    assert left["resources"]["accelerator"]["resourceType"] == "amd.com/gpu"
    assert left["resources"]["accelerator"]["resourceCount"] == "2"
    assert left["resources"]["resourceMemoryLimit"] == "16Gi"
    assert left["resources"]["resourceCpuRequest"] == "500m"
    assert left_platform["activeDeadlineSeconds"] == "300"
    assert left_platform["nodeSelector"] == {"labels": {"pool": "batch"}}
    right, right_platform = container(text, "exec-right")
    assert "accelerator" not in right["resources"]
    assert "tolerations" not in right_platform
    secrets = {
        pair["envVar"]: (one["secretName"], pair["secretKey"])
        for one in right_platform["secretAsEnv"]
        for pair in one["keyToEnv"]
    }
    assert secrets == {
        "STORE_KEY": ("store", "key"),
        "SLUICE_METADATA_PASSWORD": ("sluice-mysql", "password"),
    }


def test_no_value_of_a_secret_is_compiled(compiled, monkeypatch):
    monkeypatch.setenv("SLUICE_METADATA_PASSWORD", "open-sesame")
    assert "open-sesame" not in compiled(metadata=METADATA)


def test_nothing_is_written_where_containers_will_write(compiled):
    compiled()
    assert not Path("/sluice").exists()


def test_where_it_runs_is_no_property_of_a_node(compiled):
    begin, _ = container(compiled(), "exec-begin")
    settings = json.loads(begin["args"][begin["args"].index("--settings") + 1])
    assert "kubeflow" not in settings


def test_an_unknown_node_is_refused(compiled):
    with pytest.raises(SettingsError, match=r"Received: 'Lift'\. Nearest: 'Left'\. There are: Beg"):
        compiled(nodes={"Lift": {"gpus": 1}})
    compiled(nodes={"Begin": {"memory": "2Gi"}})


def test_settings_without_the_section_are_refused(diamond, diamond_module):
    from pipeline.kubeflow.compiling import compile_for_kubeflow

    settings = diamond.settings.model_copy(update={"kubeflow": None})
    with pytest.raises(SettingsError, match="`kubeflow` is required to compile"):
        compile_for_kubeflow(settings, diamond_module.create_pipeline)


def test_a_path_that_no_container_shares_is_refused(compiled):
    with pytest.raises(SettingsError, match=r"`root` must lie on a volume .*/sluice/shop, with"):
        compiled(volumes=[{"claim": "shop", "path": "/sluice/sh"}])


def test_data_in_object_storage_need_no_volume(diamond):
    from pipeline.kubeflow.checks import check_paths

    settings = diamond.settings
    for path, refused in (("gs://logs/events", False), ("/elsewhere/events", True)):
        events = settings.data.events.model_copy(update={"path": path})
        data = settings.data.model_copy(update={"events": events})
        changed = settings.model_copy(update={"data": data})
        if refused:
            with pytest.raises(SettingsError, match=r"`data\.events\.path` must lie on a volume"):
                check_paths(changed, changed.kubeflow)
        else:
            check_paths(changed, changed.kubeflow)


def test_the_whole_pipeline_compiles(diamond):
    from pipeline.dag import create_pipeline
    from pipeline.kubeflow.compiling import compile_for_kubeflow

    diamond.settle(
        containers=CONTAINERS, training={"workers": 4, "pods": {"memory": "8Gi", "retries": 3}}
    )
    search = {"trials": 2, "space": {"layers": [1, 2]}}
    tuned = RetrieverSettings.model_validate({"tuning": search})
    whole = diamond.settings.model_copy(update={"retriever": tuned})
    text = compile_for_kubeflow(whole, create_pipeline)
    [spec, _] = yaml.safe_load_all(text)
    names = {task["taskInfo"]["name"] for task in spec["root"]["dag"]["tasks"].values()}
    assert {"Begin", "EventExampleGen", "LatestBlessedModel", "Retriever", "Report"} <= names
    for label in ("exec-retriever", "exec-ranker", "exec-retriever-tuner"):
        node, platform = container(text, label)
        plan = Plan.model_validate_json(node["args"][node["args"].index("--training") + 1])
        assert (plan.workers, plan.pods.memory, plan.pods.retries) == (4, "8Gi", 3)
        assert plan.pods.timeout_minutes == 355  # before the node's own 360 are over
        assert plan.pods.node_selector == {"pool": "batch"}
        assert {one["fieldPath"] for one in platform["fieldPathAsEnv"]} == {
            "metadata.name",
            "metadata.uid",
            "metadata.namespace",
        }
    transform, platform = container(text, "exec-transform")
    assert "--training" not in transform["args"]
    assert "fieldPathAsEnv" not in platform


def test_batches_that_replicas_cannot_share_are_refused(compiled):
    with pytest.raises(SettingsError, match=r"`retriever\.batch_size` must divide .* 64 over 3\."):
        compiled(training={"workers": 3})
    with pytest.raises(SettingsError, match="64 over 24"):
        compiled(training={"workers": 8, "pods": {"gpus": 3}})
    compiled(training={"workers": 2})


def test_batches_that_a_search_may_try_are_shared_by_replicas_too(diamond):
    from pipeline.kubeflow.checks import check_batches

    diamond.settle(training={"workers": 2})
    search = {"trials": 2, "space": {"batch_size": [32, 63]}}
    whole = diamond.settings
    tuned = RankerSettings.model_validate({"tuning": search})
    with pytest.raises(SettingsError, match=r"`ranker\.batch_size` must divide .* 63 over 2\."):
        check_batches(whole.model_copy(update={"ranker": tuned}), whole.kubeflow)


def test_permissions_are_written_beside_the_pipeline(diamond):
    file = diamond.folder / "permissions.yaml"
    refused = diamond.sluice(
        *("compile", "--config", diamond.config, "--out", diamond.compiled, "--permissions", file)
    )
    assert refused.returncode == 2
    assert "settings without `kubeflow.training`" in refused.stderr
    diamond.settle(training={"workers": 2, "namespace": "shop"})
    done = diamond.sluice(
        *("compile", "--config", diamond.config, "--out", diamond.compiled, "--permissions", file)
    )
    assert done.returncode == 0, done.stderr
    found = list(yaml.safe_load_all(file.read_text()))
    assert [one["kind"] for one in found] == ["ServiceAccount", "Role", "RoleBinding"]
    assert {one["metadata"]["namespace"] for one in found} == {"shop"}
