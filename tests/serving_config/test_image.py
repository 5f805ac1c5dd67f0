"""The pipeline's image: what its Dockerfile says, and a node run as it would run there.

There is nothing here to build images with. So what the Dockerfile does is done in a folder, and
what it declares is given to a process. Three things are stood in for: the base image (by this
machine's Python), what apt installs, and the tools (by those of the set-up, of the same lock).
"""

import importlib.metadata
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from pipeline.kubeflow.specification import read_containers
from tests.serving_config import dockerfile

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "serving_config" / "images"
TEXT = (IMAGES / "Dockerfile").read_text()
STAGES, ARGUMENTS = dockerfile.parse(TEXT)
FINAL = ("cpu", "gpu")
# What the official Python images declare.
BASE = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


def weaknesses(stages, name):
    """What should not be in an image."""
    user = dockerfile.last(stages, name, "USER")
    commands = [rest for stage in stages.values() for rest in stage.all("RUN")]
    installs = [rest for rest in commands if re.search(r"\bpip (install|sync)\b", rest)]
    unchecked = [
        rest for rest in installs if "--require-hashes" not in rest and not rest.endswith(" .")
    ]
    [copied] = stages[name].all("COPY")
    rules = {
        "base": not ARGUMENTS["PYTHON_IMAGE"].startswith("python:3.11-slim-trixie"),
        "root": not re.fullmatch(r"[1-9]\d*:[1-9]\d*", user),
        "unchecked": bool(unchecked),
        "compiler": any("g++" in r for s in dockerfile.chain(stages, name) for r in s.all("RUN")),
        "owned": "--chown" in copied,
        "keras": dockerfile.environment(stages, name, BASE).get("TF_USE_LEGACY_KERAS") != "1",
    }
    return {rule for rule, broken in rules.items() if broken}


@pytest.mark.parametrize("name", FINAL)
def test_an_image_has_what_it_needs_and_no_more(name):
    assert weaknesses(STAGES, name) == set()
    assert dockerfile.last(STAGES, name, "ENTRYPOINT") == ["sluice"]
    said = dockerfile.labels(STAGES, name)
    assert said["org.opencontainers.image.version"] == importlib.metadata.version("sluice")
    assert said["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_a_weak_image_would_be_noticed():
    text = TEXT.replace("USER 10001:10001", "USER root").replace("--require-hashes", "")
    text = text.replace("install --yes --no-install-recommends libgomp1", "install g++")
    text = text.replace("TF_USE_LEGACY_KERAS=1", "TF_USE_LEGACY_KERAS=0")
    text = text.replace("COPY --from", "COPY --chown=10001 --from")
    found = weaknesses(dockerfile.parse(text)[0], "cpu")
    assert found == {"root", "unchecked", "compiler", "owned", "keras"}


def test_the_one_built_without_a_target_is_for_cpus():
    assert list(STAGES)[-1] == "cpu"


def test_the_gpu_image_has_what_tensorflow_asks_for():
    pinned = re.findall(r"^(\S+)==(\S+)", (IMAGES / "gpu.lock").read_text(), flags=re.MULTILINE)
    asked = map(Requirement, importlib.metadata.requires("tensorflow"))
    cuda = {
        one.name: one.specifier
        for one in asked
        if one.marker and one.marker.evaluate({"extra": "and-cuda"}) and "and-cuda" in str(one)
    }
    assert cuda
    assert set(dict(pinned)) == set(cuda)
    assert all(version in cuda[name] for name, version in pinned)


def test_the_context_is_the_code_and_the_locks():
    files = dockerfile.context(ROOT, (ROOT / ".dockerignore").read_text())
    [everything, *_] = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] != "#"
    ]
    assert everything == "*"
    tops = {name.split("/")[0] for name in files}
    assert not tops & {"tests", "notebooks", ".git", ".ci", "runs", "data", "Makefile"}
    copied = [rest.split()[0] for stage in STAGES.values() for rest in stage.all("COPY")]
    assert {name for name in copied if not name.startswith(("-", "."))} <= set(files)
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"tests"} <= tops


class Build:
    """The CPU image's file system, as far as the Dockerfile makes it."""

    def __init__(self, folder):
        files = dockerfile.context(ROOT, (ROOT / ".dockerignore").read_text())
        self.tree = dockerfile.Tree(folder, files)
        instead = {
            "apt-get ": lambda command, variables: None,
            "pip install --no-cache-dir --target /tools ": self._tools,
            "python3.11 -m venv ": self._venv,
        }
        variables = dockerfile.environment(STAGES, "build-cpu", BASE)
        # The files are those of uv's cache, compiled as they are in the environment of the tests.
        own = {"UV_LINK_MODE": "hardlink", "UV_COMPILE_BYTECODE": "0", "HOME": str(Path.home())}
        own = {name: value for name, value in os.environ.items() if _is_of_the_network(name)} | own
        for stage in dockerfile.chain(STAGES, "build-cpu"):
            self.tree.build(stage, variables | own, instead)
        packages = Path("lib", "python3.11", "site-packages")
        compiled = self.tree.path("/opt/sluice") / packages
        dockerfile.link_compiled(Path(sys.prefix) / packages, compiled)

    def _tools(self, command, variables):
        self.tree.path("/tools").symlink_to(Path(sys.prefix).parent / ".tools")

    def _venv(self, command, variables):
        """As the Dockerfile has it; on a host with an older C library with set-up's interpreter."""
        self.tree.shell(
            command.replace("python3.11", f"{sys.base_prefix}/bin/python3.11"), variables
        )
        here, made = Path(sys.executable), self.tree.path("/opt/sluice/bin")
        if not here.is_symlink():
            for name in ("python", "python3", "python3.11"):
                (made / name).unlink()
                shutil.copy(here, made / name)


def _is_of_the_network(variable):
    return variable.startswith(("UV_", "SSL_", "XDG_CACHE_HOME")) or variable.lower().endswith(
        "_proxy"
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The file system of the CPU image."""
    return Build(tmp_path_factory.mktemp("image")).tree


@pytest.fixture
def run(tree):
    """Runs a command in the image: as `docker run` does, or with the command that a pod states."""
    tree.path("/home/sluice").mkdir(parents=True, exist_ok=True)
    tree.path("/tmp").mkdir(exist_ok=True)
    tree.work = dockerfile.last(STAGES, "cpu", "WORKDIR")
    declared = dockerfile.environment(STAGES, "cpu", BASE)
    variables = declared | {"HOME": "/home/sluice", "TMPDIR": "/tmp"}

    def run_with(arguments, command=None):
        start = command or dockerfile.last(STAGES, "cpu", "ENTRYPOINT")
        program = shutil.which(start[0], path=tree.localized(declared["PATH"]))
        return tree.run([program, *start[1:], *arguments], variables)

    return run_with


@pytest.fixture
def volume(tree):
    """The volume of a pipeline with a log of a few events, and its settings."""
    folder = tree.path("/sluice")
    folder.mkdir()
    lines = [f"u{n % 7},i{n % 11},{1_700_000_000 + n * 3600}" for n in range(200)]
    (folder / "log.csv").write_text("\n".join(["user_id,item_id,event_time", *lines]))
    settings = {
        "name": "shop",
        "root": "/sluice/shop",
        "data": {"events": {"path": "/sluice/log.csv"}},
        "kubeflow": {"image": "sluice:1", "volumes": [{"claim": "shop", "path": "/sluice"}]},
    }
    (folder / "shop.yaml").write_text(yaml.safe_dump(settings))
    return folder


def everything_in(folder):
    return {str(path) for path in folder.rglob("*")}


@pytest.mark.slow
def test_a_node_runs_in_the_image(tree, run, volume):
    """Compiled by the image's own command, its first container and its first node run in it."""
    installed = everything_in(tree.path("/opt/sluice"))
    compiled = tree.path("/sluice/pipeline.yaml")
    run(["compile", "--config", "/sluice/shop.yaml", "--out", str(compiled)])
    for container in read_containers(compiled, "run-1", {})[:2]:
        program, *arguments = container.command
        run(arguments, [program])
    rows = list((volume / "shop/artifacts/EventExampleGen/examples").rglob("*.gz"))
    assert rows
    assert everything_in(tree.path("/opt/sluice")) == installed  # which belongs to another user
    parts = json.loads(tree.path("/opt/sluice/sbom.cdx.json").read_text())["components"]
    packages = tree.path("/opt/sluice/lib/python3.11/site-packages")
    there = {
        (re.sub(r"[-_.]+", "-", one.name).lower(), one.version)
        for one in importlib.metadata.distributions(path=[str(packages)])
    }
    assert {(one["name"], one["version"]) for one in parts} == there - {
        ("sluice", importlib.metadata.version("sluice"))
    }
