"""The objects of a training: what they were, valid against the schemas, and fitting together."""

import json
import os
from pathlib import Path

import pytest
import yaml

from pipeline.kubeflow.local_cluster.pods import variables
from pipeline.kubeflow.settings import ClusterTraining, ContainerSettings
from pipeline.kubeflow.training import manifests
from pipeline.kubeflow.training.permissions import permissions
from pipeline.kubeflow.training.plan import job_name
from tests.pipeline.deployment.kubernetes_schema import SchemaError, check

GOLDEN = Path(__file__).parent / "golden"
NAME = manifests.Name("ranker-shop-1", "shop", "attempt-1", "node-pod", "node-uid")
PODS = ContainerSettings(
    cpu="3500m",
    memory="16Gi",
    gpus=1,
    node_selector={"pool": "gpu"},
    tolerations=[{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    environment={"TF_CPP_MIN_LOG_LEVEL": "2"},
    secrets={"STORE_KEY": {"secret": "store", "key": "key"}},
    timeout_minutes=30,
)
MODELS = {
    "Job": "V1Job",
    "Service": "V1Service",
    "ServiceAccount": "V1ServiceAccount",
    "Role": "V1Role",
    "RoleBinding": "V1RoleBinding",
}


@pytest.fixture
def plan(plan):
    return plan.model_copy(update={"pods": PODS})


@pytest.fixture
def objects(plan):
    path = "/sluice/shop/run/job.json"
    training = ClusterTraining(workers=2)
    return {
        "job": [manifests.service(NAME), manifests.job(plan, NAME, path)],
        "tf-job": [manifests.tf_job(plan, NAME, path)],
        "permissions": permissions(training),
        "permissions-tf-job": permissions(training.model_copy(update={"kind": "TFJob"})),
    }


@pytest.mark.parametrize("name", ["job", "tf-job", "permissions", "permissions-tf-job"])
def test_it_is_what_it_was(objects, name):
    """The files under test; after a change that is meant: SLUICE_GOLDEN=write pytest THIS_FILE."""
    path = GOLDEN / f"{name}.yaml"
    text = yaml.safe_dump_all(objects[name], sort_keys=False)
    if os.environ.get("SLUICE_GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()
    assert "&id" not in text  # no YAML anchors: a person reads this


def test_every_object_is_of_its_schema(objects):
    for one in [*objects["job"], *objects["permissions"], *objects["permissions-tf-job"]]:
        check(one, MODELS[one["kind"]])
    [tf_job] = objects["tf-job"]
    check(tf_job["spec"]["tfReplicaSpecs"]["Worker"]["template"], "V1PodTemplateSpec")


def test_the_schema_refuses_a_slip_of_the_pen(objects):
    job = objects["job"][1]
    job["spec"]["backofLimit"] = job["spec"].pop("backoffLimit")
    with pytest.raises(SchemaError, match="V1JobSpec has no field 'backofLimit'"):
        check(job, "V1Job")


def test_every_pod_finds_its_peers_and_its_own_place(objects):
    service, job = objects["job"]
    template = job["spec"]["template"]
    assert template["spec"]["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    for index in "01":
        annotation = {"batch.kubernetes.io/job-completion-index": index}
        pod = {"metadata": {"annotations": annotation}, "spec": template["spec"]}
        config = json.loads(variables(pod, {"STORE_KEY": "s"})["TF_CONFIG"])
        assert config["task"] == {"type": "worker", "index": int(index)}
        assert config["cluster"]["worker"] == [
            "ranker-shop-1-0.ranker-shop-1:2222",
            "ranker-shop-1-1.ranker-shop-1:2222",
        ]


def test_objects_go_with_the_pod_that_made_them(objects):
    for one in [*objects["job"], *objects["tf-job"]]:
        [owner] = one["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["uid"]) == ("Pod", "node-uid")
        assert "blockOwnerDeletion" not in owner  # it would need a right of its own


def test_pods_have_no_rights_and_no_token(objects):
    account, role, binding = objects["permissions"]
    pod = objects["job"][1]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == account["metadata"]["name"]
    assert pod["automountServiceAccountToken"] is False
    assert [one["name"] for one in binding["subjects"]] == ["pipeline-runner"]
    assert "secrets" not in json.dumps(role)


@pytest.mark.parametrize(
    ("cpu", "threads"), [("500m", "1"), ("1", "1"), ("1500m", "2"), ("4", "4"), ("2.5", "3")]
)
def test_a_pod_computes_with_the_cores_that_it_asks_for(plan, cpu, threads):
    plan = plan.model_copy(update={"pods": PODS.model_copy(update={"cpu": cpu})})
    pod = manifests.job(plan, NAME, "")["spec"]["template"] | {
        "metadata": {"annotations": {"batch.kubernetes.io/job-completion-index": "0"}}
    }
    assert variables(pod, {"STORE_KEY": ""})["SLUICE_WORKER_THREADS"] == threads


def test_a_name_is_that_of_the_node_in_the_run_and_fits_a_host_name():
    name = job_name("a" * 63, "Retriever", "run-1")
    assert name == job_name("a" * 63, "Retriever", "run-1")
    assert len(f"{name}-999") <= 63
    others = {job_name("a" * 63, "Retriever", "run-2"), job_name("a" * 63, "Ranker", "run-1")}
    assert name not in others
    assert job_name("shop-" + "a" * 18 + "-x-y", "Ranker", "r").count("--") == 0
