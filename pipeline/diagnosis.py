"""What this machine and its cluster have of what is needed: one finding for each prerequisite."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from pipeline.deployment.image import how_to_fix
from pipeline.errors import RunError

_GB = 1e9
_DISK_GB = 5.0  # artifacts and served versions of a first data set
_MEMORY_GB = 8.0  # TensorFlow in two training processes, beside the Evaluator
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", re.MULTILINE)
_TIMEOUT_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class Finding:
    """One prerequisite.

    Attributes:
        name: What it is.
        good: True where it is met.
        found: What there is.
        remedy: What to do where it is not met; empty otherwise.
        required: False for what only some verbs need.
    """

    name: str
    good: bool
    found: str
    remedy: str = ""
    required: bool = True


def findings(root: Path, api: str | None, image: str | None = None) -> Iterator[Finding]:
    """Looks at each prerequisite in turn.

    Args:
        root: Folder that a run would write to, made or not.
        api: URL of Kubeflow Pipelines; None where there is none to look at.
        image: Image of TensorFlow Serving; None where there is none to look at.
    """
    yield _python()
    yield libraries(_lock_file(), _installed())
    yield _keras()
    yield _stack()
    yield disk(root)
    yield memory(psutil.virtual_memory().total / _GB)
    yield _program("docker", "build images")
    yield _program("kubectl", "apply manifests to a cluster")
    if image:
        yield image_digest(image)
    if api:
        yield kubeflow_api(api)


def _python() -> Finding:
    good = platform.python_version_tuple()[:2] == ("3", "11")
    remedy = "" if good else "Set the environment up with Python 3.11, as BUILD.md says."
    return Finding("Python 3.11", good, platform.python_version(), remedy)


def libraries(lock: Path, installed: Mapping[str, str]) -> Finding:
    """Compares what is installed with the lock file.

    Args:
        lock: `requirements.lock`.
        installed: Name, in lower case with dashes -> version.
    """
    if not lock.is_file():
        return Finding("libraries", True, f"{len(installed)} installed; no lock to compare with")
    pinned = {_normal(name): version for name, version in _PINNED.findall(lock.read_text())}
    wrong = [
        f"{name} {installed.get(name, 'missing')} (locked: {version})"
        for name, version in sorted(pinned.items())
        if installed.get(name) != version
    ]
    if not wrong:
        return Finding("libraries", True, f"{len(pinned)} as locked")
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    found = ", ".join(wrong[:3]) + more
    return Finding("libraries", False, found, "Install what is locked: make setup.")


def _keras() -> Finding:
    value = os.environ.get("TF_USE_LEGACY_KERAS", "not set")
    good = value == "1"
    remedy = "" if good else "Set TF_USE_LEGACY_KERAS=1: TFRS, TFT and TFMA need Keras 2."
    return Finding("Keras 2", good, f"TF_USE_LEGACY_KERAS is {value}", remedy)


def _stack() -> Finding:
    from pipeline.runners.output import output_to
    from pipeline.runners.stack import load_tfx

    try:
        with tempfile.TemporaryDirectory() as folder, output_to(Path(folder) / "log"):
            load_tfx()
    except RunError as error:
        return Finding("TFX", False, str(error), "Set the environment up again: make setup.")
    return Finding("TFX", True, f"{importlib.metadata.version('tfx')}, every part loads")


def disk(root: Path, needed: float = _DISK_GB) -> Finding:
    """Free space where a run would write, in GB."""
    existing = next(folder for folder in (root, *root.parents) if folder.exists())
    free = shutil.disk_usage(existing).free / _GB
    good = free >= needed
    remedy = "" if good else f"Free {needed:g} GB there, or name another `root` in the settings."
    return Finding("disk", good, f"{free:.1f} GB free at {existing}", remedy)


def memory(total: float) -> Finding:
    """Memory of the machine, in GB."""
    good = total >= _MEMORY_GB
    remedy = "" if good else f"Use a machine with {_MEMORY_GB:g} GB, or fewer `workers`."
    return Finding("memory", good, f"{total:.1f} GB", remedy)


def _program(name: str, purpose: str) -> Finding:
    path = shutil.which(name)
    remedy = "" if path else f"Install it to {purpose}; nothing on this machine needs it."
    return Finding(name, bool(path), path or "not on PATH", remedy, required=False)


def image_digest(image: str) -> Finding:
    """Whether an image is named by its digest, so that nobody can exchange it."""
    remedy = how_to_fix(image)
    return Finding("image digest", not remedy, image, remedy, required=False)


def kubeflow_api(url: str) -> Finding:
    """Asks Kubeflow Pipelines whether it is well."""
    name, health = "Kubeflow API", f"{url.rstrip('/')}/apis/v2beta1/healthz"
    remedy = (
        "Give the address of the API server or of its port-forward: "
        "kubectl port-forward --namespace kubeflow svc/ml-pipeline 8888."
    )
    if not url.startswith(("http://", "https://")):
        return Finding(name, False, f"{url} is no http address", remedy)
    try:
        with urllib.request.urlopen(health, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            told = json.load(response)
    except (OSError, ValueError, urllib.error.HTTPError) as error:
        return Finding(name, False, f"{health}: {error}", remedy)
    version = told.get("tag_name") if isinstance(told, dict) else None
    return Finding(name, True, f"{url}, version {version or 'unknown'}")


def _lock_file() -> Path:
    return Path(__file__).resolve().parents[1] / "requirements.lock"


def _installed() -> dict[str, str]:
    return {_normal(one.name): one.version for one in importlib.metadata.distributions()}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
