"""The engineer's page: its commands parse, its manifests are Kubernetes', its settings are ours."""

import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from pipeline import diagnosis
from pipeline.artifact_store.folders import ENDPOINT_VARIABLE
from pipeline.cli import app
from pipeline.kubeflow import submission
from pipeline.kubeflow.checks import check_paths, kubeflow_of
from pipeline.loading import load_settings
from tests.pipeline.deployment.kubernetes_schema import SchemaError, check
from tests.serving_config import dockerfile

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "pipeline" / "kubeflow" / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
FILES = dict(re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))
MODELS = {"PersistentVolumeClaim": "V1PersistentVolumeClaim", "Pod": "V1Pod"}
MANIFESTS = {name: yaml.safe_load(text) for name, text in FILES.items() if "apiVersion" in text}
USAGE = typer.BadParameter.__mro__[1]  # what the command line's errors have in common
# What the page calls of other programs: a verb and its options.
OTHERS = {
    ("docker", "build"): {"--file", "--tag"},
    ("docker", "push"): set(),
    ("kubectl", "apply"): {"--filename"},
    ("kubectl", "wait"): {"--namespace", "--for"},
    ("kubectl", "cp"): set(),
    ("kubectl", "create"): {"--namespace", "--from-file"},
    ("kubectl", "port-forward"): {"--namespace"},
}


def parses(command):
    """Takes a command of ours apart as the program does, without doing anything.

    Raises:
        typer.BadParameter: An option is unknown, missing or wrong; or another of its kind.
    """
    [program, name, *words] = shlex.split(command)
    assert program == "sluice"
    verb = typer.main.get_command(app).commands[name]
    verb.make_context(name, words)


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("sluice ")])
def test_a_command_of_ours_parses(command):
    parses(command)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sluice submitt --api URL", "submitt"),
        ("sluice doctor --apj URL", "No such option: --apj"),
        ("sluice submit --api URL", "Missing parameter: from_ir"),
    ],
)
def test_a_command_that_does_not_parse_would_be_noticed(command, said):
    with pytest.raises((KeyError, USAGE), match=said):
        parses(command)


def test_the_other_commands_are_those_we_looked_up():
    others = [shlex.split(line) for line in COMMANDS if not line.startswith("sluice ")]
    for program, verb, *words in others:
        options = {word for word in words if word.startswith("--")}
        assert options <= OTHERS[program, verb], (program, verb, options)
    named = [words[-1] for words in others if words[:2] == ["kubectl", "apply"]]
    assert sorted(named) == sorted(MANIFESTS)
    [built] = [words for words in others if words[:2] == ["docker", "build"]]
    assert (ROOT / built[built.index("--file") + 1]).is_file()


def test_the_page_goes_all_the_way():
    verbs = [" ".join(shlex.split(line)[:2]) for line in COMMANDS]
    way = ["docker build", "kubectl apply", "sluice doctor", "sluice compile", "sluice submit"]
    places = [verbs.index(verb) for verb in way]
    assert places == sorted(places)
    assert verbs[-1] == "kubectl cp"  # the report
    assert "has been run on a cluster yet" in PAGE


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_of_its_schema(name):
    found = MANIFESTS[name]
    check(found, MODELS[found["kind"]])
    misspelt = found | {"spec": found["spec"] | {"securityContexts": {}}}
    with pytest.raises(SchemaError, match="no field 'securityContexts'"):
        check(misspelt, MODELS[found["kind"]])


def test_settings_manifests_and_image_fit_together(tmp_path):
    config = tmp_path / "shop.yaml"
    config.write_text(FILES["shop.yaml"])
    settings = load_settings(config)
    kubeflow = kubeflow_of(settings)
    check_paths(settings, kubeflow)
    [volume] = kubeflow.volumes
    claim, desk = MANIFESTS["volume.yaml"], MANIFESTS["desk.yaml"]["spec"]
    assert claim["metadata"]["name"] == volume.claim
    assert desk["volumes"][0]["persistentVolumeClaim"]["claimName"] == volume.claim
    [container] = desk["containers"]
    assert container["volumeMounts"][0]["mountPath"] == volume.path
    assert container["image"] == kubeflow.image
    stages, _ = dockerfile.parse((ROOT / "serving_config/images/Dockerfile").read_text())
    user = desk["securityContext"]
    assert f"{user['runAsUser']}:{user['runAsGroup']}" == dockerfile.last(stages, "cpu", "USER")
    assert user["fsGroup"] == user["runAsGroup"]
    secret = kubeflow.metadata.mysql.password
    assert f"secret generic {secret.secret} " in PAGE
    assert f"--from-file {secret.key}\n" in PAGE


def test_further_settings_are_settings(tmp_path):
    pattern = r"^```yaml\n(kubeflow:\n.*?)^```$"
    stored, training, flink = re.findall(pattern, PAGE, flags=re.MULTILINE | re.DOTALL)
    whole = yaml.safe_load(FILES["shop.yaml"])
    in_s3 = {**whole, "kubeflow": whole["kubeflow"] | yaml.safe_load(stored)["kubeflow"]}
    (tmp_path / "s3.yaml").write_text(yaml.safe_dump(in_s3))
    node = kubeflow_of(load_settings(tmp_path / "s3.yaml")).container("Transform")
    assert ENDPOINT_VARIABLE in node.environment
    assert set(node.secrets) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    whole["kubeflow"]["nodes"] = yaml.safe_load(flink)["kubeflow"]["nodes"]
    whole["kubeflow"]["training"] = yaml.safe_load(training)["kubeflow"]["training"]
    config = tmp_path / "shop.yaml"
    config.write_text(yaml.safe_dump(whole))
    kubeflow = kubeflow_of(load_settings(config))
    assert kubeflow.training.workers == 4
    [(name, node)] = kubeflow.nodes.items()
    assert name == "EventExampleGen"
    assert node.beam.flink.workers.endswith(":50000")
    assert "worker_pool_main --service_port 50000`" in PAGE


def test_the_doctor_and_the_page_give_the_same_advice():
    """Each sends to the API server by the same way, and the messages are those that are said."""
    [forward] = [line for line in COMMANDS if "port-forward" in line]
    remedy = diagnosis.kubeflow_api("nowhere").remedy
    assert forward in remedy
    unreachable = submission._unreachable(submission.Endpoint("http://a"), OSError("no"))
    assert forward in unreachable
    said = re.findall(r"^\| `([^`]+)` ?", PAGE, flags=re.MULTILINE)
    sources = "".join(
        re.sub(r'"\n\s+f?"', "", path.read_text())
        for folder in ("kubeflow", "artifact_store")
        for path in (ROOT / "pipeline" / folder).glob("*.py")
    )
    assert [words for words in said if words not in sources] == []
