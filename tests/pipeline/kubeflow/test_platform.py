"""The Kubernetes part of what is compiled, read by the protocol that Kubeflow publishes for it."""

from pathlib import Path

import pytest
import yaml
from google.protobuf import json_format

protocol = pytest.importorskip("kfp.kubernetes.kubernetes_executor_config_pb2")

GOLDEN = Path(__file__).parent / "golden" / "diamond.yaml"


@pytest.fixture
def executors():
    """Everything that the golden file says of containers, by the name of the executor."""
    [_, platform] = yaml.safe_load_all(GOLDEN.read_text())
    return platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def read(value):
    return json_format.ParseDict(value, protocol.KubernetesExecutorConfig())


def test_kubeflow_reads_every_container_as_it_was_meant(executors):
    found = {name: read(value) for name, value in executors.items()}
    left = found["exec-left"]
    assert left.active_deadline_seconds == 300
    assert dict(left.node_selector.labels) == {"pool": "batch"}
    assert [(one.key, one.operator) for one in left.tolerations] == [("gpu", "Exists")]
    assert [one.mount_path for one in left.pvc_mount] == ["/sluice"]
    assert {pair.env_var for one in left.secret_as_env for pair in one.key_to_env} == {
        "STORE_KEY",
        "SLUICE_METADATA_PASSWORD",
    }
    assert all(len(one.pvc_mount) == 1 for one in found.values())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"nodeSelectr": {}}, "no field named .nodeSelectr"),
        ({"activeDeadlineSeconds": "soon"}, "activeDeadlineSeconds"),
        ({"pvcMount": {"mountPath": "/sluice"}}, "pvcMount"),
    ],
)
def test_a_misspelt_and_a_mistyped_field_are_noticed(executors, changes, said):
    with pytest.raises(json_format.ParseError, match=said):
        read(executors["exec-left"] | changes)
