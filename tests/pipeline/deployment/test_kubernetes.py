"""The Kubernetes objects: each of its schema, fitting together, and without privileges."""

import copy
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.deployment.models_config import NEWEST
from pipeline.deployment.rendering import render, write
from pipeline.deployment.settings import Kubernetes, ServingSettings
from pipeline.gates import Gates
from pipeline.loading import load_settings
from pipeline.serving_folder import serving_folder
from serving.model_server.__main__ import parser
from serving.model_server.options import Options
from tests.pipeline.deployment.kubernetes_schema import SchemaError, check

MODELS = {
    "Namespace": "V1Namespace",
    "ConfigMap": "V1ConfigMap",
    "Deployment": "V1Deployment",
    "Service": "V1Service",
    "HorizontalPodAutoscaler": "V2HorizontalPodAutoscaler",
    "PodDisruptionBudget": "V1PodDisruptionBudget",
    "NetworkPolicy": "V1NetworkPolicy",
}
API_VERSIONS = {
    "Namespace": "v1",
    "ConfigMap": "v1",
    "Deployment": "apps/v1",
    "Service": "v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
}


@pytest.fixture
def deployment(objects):
    return copy.deepcopy(objects["Deployment"])


@pytest.fixture
def pod(deployment):
    return deployment["spec"]["template"]["spec"]


@pytest.fixture
def container(pod):
    [only] = pod["containers"]
    return only


@pytest.fixture
def flags(container):
    return dict(flag.removeprefix("--").split("=", 1) for flag in container["args"])


@pytest.mark.parametrize("kind", MODELS)
def test_every_object_is_of_its_schema(objects, kind):
    check(objects[kind], MODELS[kind])
    assert objects[kind]["apiVersion"] == API_VERSIONS[kind]


def test_no_object_goes_unchecked(objects):
    assert set(objects) == {*MODELS, "Kustomization"}


def _misspell(deployment):
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}


def _forget(deployment):
    del deployment["spec"]["selector"]


def _quote(deployment):
    deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = "45"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [(_misspell, "no field 'readynessProbe'"), (_forget, "selector"), (_quote, "is not of type")],
)
def test_a_misspelt_a_missing_and_a_mistyped_field_are_noticed(deployment, spoil, words):
    spoil(deployment)
    with pytest.raises(SchemaError, match=words):
        check(deployment, "V1Deployment")


def violations(pod):
    """What the Pod Security Standard `restricted` would refuse, and what we ask beyond it."""
    [container] = pod["containers"]
    context, own = pod.get("securityContext", {}), container.get("securityContext", {})
    kinds = {key for volume in pod["volumes"] for key in volume if key != "name"}
    rules = {
        "runs as root": context.get("runAsNonRoot") is not True or not context.get("runAsUser"),
        "seccomp": context.get("seccompProfile") != {"type": "RuntimeDefault"},
        "may escalate": own.get("allowPrivilegeEscalation") is not False,
        "capabilities": own.get("capabilities") != {"drop": ["ALL"]},
        "volumes": not kinds <= {"configMap", "emptyDir", "persistentVolumeClaim"},
        "host": any(pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")),
        "writable root": own.get("readOnlyRootFilesystem") is not True,
        "token": pod.get("automountServiceAccountToken") is not False,
        "writable models": not all(
            mount.get("readOnly") for mount in container["volumeMounts"] if mount["name"] != "tmp"
        ),
        "image": ":" not in container["image"] or container["image"].endswith(":latest"),
        "memory": "memory" not in container["resources"].get("limits", {}),
    }
    return {rule for rule, broken in rules.items() if broken}


def test_the_pod_has_no_privileges(pod):
    assert violations(pod) == set()


def test_a_pod_with_privileges_would_be_noticed(pod, container):
    for key in ("securityContext", "automountServiceAccountToken"):
        del pod[key]
    container["securityContext"] = {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}}
    container["volumeMounts"][0]["readOnly"] = False
    container["image"] = "tensorflow/serving:latest"
    container["resources"] = {}
    pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    pod["hostNetwork"] = True
    assert len(violations(pod)) == 11


def test_everything_is_in_one_namespace_that_takes_no_privileges(objects):
    namespace = objects["Namespace"]["metadata"]
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    found = {
        value["metadata"]["namespace"]
        for kind, value in objects.items()
        if kind not in ("Namespace", "Kustomization")
    }
    assert found == {namespace["name"]}


def test_everything_means_the_same_pods(objects, deployment):
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert objects["Service"]["spec"]["selector"] == labels
    assert objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    target = objects["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert "replicas" not in deployment["spec"]  # else applying it again undoes the autoscaler


def test_ports_agree(objects, container, flags):
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"grpc": int(flags["port"]), "rest": int(flags["rest_api_port"])}
    served = {port["targetPort"]: port["port"] for port in objects["Service"]["spec"]["ports"]}
    assert served == ports
    opened = [
        port["port"]
        for rule in objects["NetworkPolicy"]["spec"]["ingress"]
        for port in rule["ports"]
    ]
    assert opened == [ports["grpc"], ports["rest"]]


def test_callers_look_addresses_up_anew_before_the_autoscaler_looks_again(flags, container):
    arguments = dict(one.split("=") for one in flags["grpc_channel_arguments"].split(","))
    assert int(arguments["grpc.max_connection_age_ms"]) <= 60_000
    assert int(arguments["grpc.max_connection_age_grace_ms"]) >= 30_000  # what a call may take
    options = Options(**vars(parser().parse_args(container["args"])))
    assert dict(options.channel_arguments()) == {k: int(v) for k, v in arguments.items()}


def test_the_servers_reach_nobody_and_not_everybody_reaches_them(objects):
    policy = objects["NetworkPolicy"]["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert policy["egress"] == []
    for rule in policy["ingress"]:
        [source] = rule["from"]
        assert any(source[key] for key in source)  # an empty selector alone means everybody


def test_every_file_that_a_flag_names_is_mounted(objects, pod, container, flags):
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert set(mounts.values()) == set(volumes)
    for flag in ("model_config_file", "monitoring_config_file"):
        folder, name = flags[flag].rsplit("/", 1)
        assert name in objects["ConfigMap"]["data"]
        config = volumes[mounts[folder]]["configMap"]["name"]
        assert config == objects["ConfigMap"]["metadata"]["name"]
    assert 'base_path: "/models/recommender"' in objects["ConfigMap"]["data"]["models.config"]
    assert volumes[mounts["/models/recommender"]]["persistentVolumeClaim"]["readOnly"] is True


def test_only_readiness_looks_at_the_model(container, flags):
    path = container["readinessProbe"]["httpGet"]["path"]
    assert path == "/v1/models/recommender/metadata"  # answered once a version is available
    assert container["startupProbe"]["httpGet"]["path"] == path
    assert container["livenessProbe"]["grpc"]["service"] == "PredictionService"
    assert flags["enable_grpc_healthcheck_service"] == "true"


def test_a_server_leaves_the_service_before_it_stops(pod, container):
    command, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
    assert command == "sleep"
    assert 5 < int(seconds) < pod["terminationGracePeriodSeconds"] - 10


def test_a_new_server_is_ready_before_an_old_one_goes(objects, deployment):
    rolling = deployment["spec"]["strategy"]["rollingUpdate"]
    assert (rolling["maxUnavailable"], rolling["maxSurge"]) == (0, 1)
    scale = objects["HorizontalPodAutoscaler"]["spec"]
    assert 2 <= scale["minReplicas"] <= scale["maxReplicas"]


def test_settings_are_followed():
    serving = ServingSettings(
        image=f"registry.example/serving@sha256:{'0a' * 32}",
        cpus=7,
        memory_mib=1000,
        kubernetes=Kubernetes(namespace="shop", claim="disk", min_replicas=3, max_replicas=4),
    )
    files = render(serving, NEWEST, Gates())
    deployment = yaml.safe_load(files["kubernetes/deployment.yaml"])
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert deployment["metadata"]["namespace"] == "shop"
    assert container["image"] == serving.image
    assert container["resources"]["requests"] == {"cpu": "7", "memory": "1000Mi"}
    assert {"name": "TF_NUM_INTRAOP_THREADS", "value": "7"} in container["env"]
    assert pod["volumes"][1]["persistentVolumeClaim"]["claimName"] == "disk"
    scale = yaml.safe_load(files["kubernetes/autoscaler.yaml"])["spec"]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (3, 4)


GUIDE = Path(__file__).parents[3] / "pipeline" / "kubeflow" / "README.md"


@pytest.fixture
def guided(tmp_path):
    """The settings that the guide to Kubeflow arrives at, and the claim that it makes."""
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    [claim] = (block for block in blocks if "kind: PersistentVolumeClaim" in block)
    [shop] = (block for block in blocks if block.startswith("# shop.yaml"))
    [serving] = (block for block in blocks if block.startswith("serving:"))
    config = tmp_path / "shop.yaml"
    config.write_text(shop + serving)
    return load_settings(config), yaml.safe_load(claim)


def test_the_servers_find_what_the_guide_to_kubeflow_pushes(guided):
    settings, claim = guided
    files = render(settings.serving, NEWEST, Gates())
    deployment = yaml.safe_load(files["kubernetes/deployment.yaml"])
    check(deployment, "V1Deployment")
    pod = deployment["spec"]["template"]["spec"]
    [volume] = (volume for volume in pod["volumes"] if volume["name"] == "models")
    [mount] = (one for one in pod["containers"][0]["volumeMounts"] if one["name"] == "models")
    assert deployment["metadata"]["namespace"] == claim["metadata"]["namespace"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    [written] = settings.kubeflow.volumes
    assert written.claim == claim["metadata"]["name"]
    assert Path(written.path, mount["subPath"]) == serving_folder(settings)
    # The label of a namespace of its own would stop the pipeline's pods.
    assert "kubernetes/namespace.yaml" not in files
    listed = yaml.safe_load(files["kubernetes/kustomization.yaml"])["resources"]
    assert {f"kubernetes/{name}" for name in listed} == {
        name for name in files if name.startswith("kubernetes/")
    } - {"kubernetes/kustomization.yaml"}


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_kubectl_builds_all_of_it(files, tmp_path):
    write(files, tmp_path)
    built = subprocess.run(
        ["kubectl", "kustomize", str(tmp_path / "kubernetes")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert {found["kind"] for found in yaml.safe_load_all(built.stdout)} == set(MODELS)
