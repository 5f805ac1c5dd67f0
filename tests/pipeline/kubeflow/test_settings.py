"""The `kubeflow` section: defaults, overrides by node, and what is refused in which words."""

import pytest

from pipeline.kubeflow.settings import ContainerSettings, KubeflowSettings
from pipeline.loading import load_settings, settings_hash
from pipeline.refusals import SettingsError

MINIMUM = {"image": "shop/sluice:1", "volumes": [{"claim": "shop", "path": "/sluice"}]}
SECRET = {"secret": "database", "key": "password"}


def section(**changes):
    return KubeflowSettings.model_validate(MINIMUM | changes)


def test_a_node_takes_what_it_does_not_state_from_the_rest():
    kubeflow = section(
        containers={"memory": "8Gi", "environment": {"A": "1", "B": "1"}, "retries": 5},
        nodes={"Ranker": {"gpus": 1, "environment": {"B": "2"}}},
    )
    ranker = kubeflow.container("Ranker")
    assert (ranker.memory, ranker.gpus, ranker.retries) == ("8Gi", 1, 5)
    assert ranker.environment == {"A": "1", "B": "2"}
    assert kubeflow.container("Pusher").gpus == 0


def test_a_node_may_go_back_to_a_default():
    kubeflow = section(containers={"retries": 5}, nodes={"Ranker": {"retries": 2}})
    assert kubeflow.container("Ranker").retries == ContainerSettings().retries == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"volumes": [{"claim": "c", "path": "here"}]},
            "absolute path below `/`. Received: 'here'",
        ),
        ({"volumes": [{"claim": "c", "path": "/"}]}, "absolute path below `/`. Received: '/'"),
        ({"volumes": []}, "should have at least 1 item"),
        ({"containers": {"cpu": "many"}}, "`kubeflow.containers.cpu` must match the pattern"),
        ({"containers": {"memory": "4 GB"}}, "`kubeflow.containers.memory` must match the pattern"),
        ({"nodes": {"Ranker": {"memroy": "4Gi"}}}, "`kubeflow.nodes.Ranker.memory`"),
        ({"containers": {"environment": {"a b": "1"}}}, "must match the pattern"),
        ({"pipeline_root": "/sluice"}, "`kubeflow.pipeline_root` must match the pattern"),
        ({"pipeline_root": "s3://"}, "`kubeflow.pipeline_root` must match the pattern"),
        ({"pipeline_root": "s3://shop/"}, "`kubeflow.pipeline_root` must match the pattern"),
        (
            {"pipeline_root": "s3://shop", "training": {"workers": 2}},
            "copies that no other pod sees. Received: s3://shop and `training`",
        ),
        (
            {
                "pipeline_root": "gs://shop/a",
                "nodes": {"Transform": {"beam": {"flink": {"job_server": "flink:8099"}}}},
            },
            "Received: gs://shop/a and `beam`",
        ),
        ({"training": {"pods": {}}}, "`kubeflow.training.workers`"),
        ({"training": {"workers": 0}}, "`kubeflow.training.workers`"),
        ({"training": {"workers": 2, "kind": "MPIJob"}}, "`kubeflow.training.kind`"),
        (
            {"training": {"workers": 2, "pods": {"memroy": "4Gi"}}},
            "`kubeflow.training.pods.memory`",
        ),
        (
            {
                "containers": {"secrets": {"A": SECRET}},
                "training": {"workers": 2, "pods": {"environment": {"A": "1"}}},
            },
            "Received: A in both for training",
        ),
        (
            {"nodes": {"Ranker": {"environment": {"A": "1"}, "secrets": {"A": SECRET}}}},
            "from `environment` or from `secrets`. Received: A in both for Ranker",
        ),
        (
            {
                "metadata": {
                    "mysql": {"host": "h", "database": "d", "user": "u", "password": SECRET},
                    "grpc": {"host": "h"},
                }
            },
            "ML Metadata lies in one place",
        ),
        (
            {
                "metadata": {
                    "mysql": {"host": "h", "database": "d", "user": "u", "password": "secret"}
                }
            },
            "`kubeflow.metadata.mysql.password` must hold keys of its own",
        ),
    ],
)
def test_what_is_refused(diamond, changes, said):
    diamond.settle(**changes)
    with pytest.raises(SettingsError) as refused:
        load_settings(diamond.config)
    assert said in str(refused.value)


def test_where_a_run_takes_place_is_no_part_of_its_hash(diamond):
    before = settings_hash(diamond.settings)
    diamond.settle(image="shop/sluice:2")
    assert settings_hash(diamond.settings) == before
    other = diamond.settings.model_copy(update={"seed": 1})
    assert settings_hash(other) != before
