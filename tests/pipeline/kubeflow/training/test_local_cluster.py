"""The cluster on this machine: what it refuses, who may use it, and what a pod finds in it."""

import json
import stat
from pathlib import Path

import pytest

from pipeline.errors import RunError
from pipeline.kubeflow.local_cluster.cluster import LocalCluster, beside, pods_started_by
from pipeline.kubeflow.local_cluster.jobs import addresses
from pipeline.kubeflow.local_cluster.objects import Objects
from pipeline.kubeflow.local_cluster.pods import variables
from pipeline.kubeflow.processes import Machine
from pipeline.kubeflow.specification import Container
from pipeline.kubeflow.surroundings import Volumes
from pipeline.kubeflow.training import manifests
from pipeline.kubeflow.training.client import JOBS
from tests.pipeline.kubeflow.training.conftest import until

pytestmark = pytest.mark.slow
NAME = manifests.Name("ranker-shop-1", "shop", "attempt-1", "node-pod", "node-uid")


@pytest.fixture
def machine(tmp_path):
    return Machine(Volumes({}), {}, tmp_path / "logs", 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"backoffLimit": 6}, "backoffLimit 0 run here"),
        ({"completionMode": "NonIndexed"}, "completionMode Indexed"),
        ({"parallelism": 1}, "pods all run at once"),
    ],
)
def test_a_job_that_would_run_otherwise_in_a_cluster_is_refused(training, plan, change, said):
    job = manifests.job(plan, NAME, "")
    job["spec"].update(change)
    with pytest.raises(RunError, match=f"422 .*{said}"):
        training.api.create(JOBS, job)
    assert training.objects() == []


def test_pods_without_a_service_do_not_find_each_other(plan):
    objects = Objects()
    job = manifests.job(plan, NAME, "")
    chief = "ranker-shop-1-0.ranker-shop-1:2222"
    assert addresses(job, objects)(chief) == chief
    objects.create("services", manifests.service(NAME))
    assert addresses(job, objects)(f"a {chief}, b").startswith("a 127.0.0.1:")
    assert addresses(job, objects)(f"{chief}0") == f"{chief}0"


def test_only_this_user_can_use_it(machine):
    with LocalCluster(machine) as cluster:
        assert stat.S_IMODE(cluster.kubeconfig.stat().st_mode) == 0o600
        config = cluster.kubeconfig
    assert not config.exists()


def test_its_end_is_the_end_of_its_pods(training, plan):
    training.order(w0="hang", w1="hang")
    path = training.run_dir / "job.json"
    path.write_text(training.job.model_dump_json())
    training.api.create(JOBS, manifests.job(plan, NAME, str(path)))
    until(lambda: len(training.running()) == 2)
    training.cluster.__exit__(None, None, None)
    assert training.running() == []


def test_variables_follow_the_rules_of_kubernetes():
    env = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$(A)-$(C)-$A"},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "store", "key": "c"}}},
        {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    pod = {"metadata": {"name": "pod-1"}, "spec": {"containers": [{"env": env}]}}
    assert variables(pod, {"C": "3"}) == {"A": "1", "B": "1-$(C)-$A", "C": "3", "D": "pod-1"}


def test_only_containers_that_start_pods_are_told_of_it(machine):
    plain = Container("Transform", ("true",))
    starting = Container("Ranker", ("true",), fields={"SLUICE_POD_NAME": "metadata.name"})
    with beside([plain], machine) as same:
        assert same == [plain]
    with beside([plain, starting], machine) as equipped:
        assert equipped[0] == plain
        config = json.loads(Path(equipped[1].environment["KUBECONFIG"]).read_text())
        assert config["clusters"][0]["cluster"]["server"].startswith("http://127.0.0.1:")


def test_secrets_of_pods_are_asked_for_before_anything_runs(plan):
    pods = plan.pods.model_copy(update={"secrets": {"KEY": {"secret": "store", "key": "k"}}})
    text = plan.model_copy(update={"pods": pods}).model_dump_json()
    command = ("python", "--training", text)
    [found] = pods_started_by([Container("Ranker", command), Container("Transform", ("true",))])
    assert found.secrets == {"KEY": "store/k"}
