"""A volume with the diamond's data, and what compiles and runs it as an engineer would."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
import yaml
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from benchmarks.kubeflow import mariadb
from pipeline.loading import load_settings

IMAGE = Path(__file__).parent / "image"
PROJECT = Path(__file__).parents[3]
MAIN = "from pipeline.cli import main; main()"
COMPILED = {}  # text of the settings -> of the compiled pipeline


class Diamond:
    """The diamond on a volume that containers see at /sluice and this machine somewhere else."""

    def __init__(self, folder):
        self.folder = folder
        self.volume = folder / "volume"
        self.root = self.volume / "shop"
        self.orders = self.root / "orders"
        self.orders.mkdir(parents=True)
        self.config = folder / "diamond.yaml"
        self.compiled = folder / "pipeline.yaml"
        self.settle()

    def settle(self, **kubeflow):
        """Writes the settings; every keyword is a key of the `kubeflow` section."""
        section = {"image": "shop/sluice:1", "volumes": [{"claim": "shop", "path": "/sluice"}]}
        settings = {
            "name": "diamond",
            "root": "/sluice/shop",
            "data": {"events": {"path": "/sluice/log.csv"}},
            "kubeflow": {**section, **kubeflow},
        }
        self.config.write_text(yaml.safe_dump(settings))

    @property
    def settings(self):
        return load_settings(self.config)

    def order(self, **what):
        """Tells nodes what to do: `Left="fail"`."""
        for node, order in what.items():
            (self.orders / node).write_text(order)

    def facts(self, node):
        """Where a node worked, with which variables and arguments."""
        return json.loads((self.orders / f"{node}.facts").read_text())

    def outputs(self, node):
        """Output folders of a node: execution number -> its text, None where it is half."""
        folders = sorted((self.root / "artifacts" / node / "made").glob("*"))
        texts = {int(f.name): f / "text" for f in folders}
        return {n: text.read_text() if text.exists() else None for n, text in texts.items()}

    def artifacts(self):
        """Node -> how many live artifacts it has put out, in the metadata."""
        config = mlmd.ConnectionConfig()
        config.sqlite.filename_uri = str(self.root / "metadata.sqlite")
        artifacts = metadata_store.MetadataStore(config).get_artifacts()
        live = [one for one in artifacts if one.state == mlmd.Artifact.LIVE]
        return dict(Counter(one.uri.split("/")[-3] for one in live))

    def environment(self, **variables):
        path = os.pathsep.join([str(IMAGE), str(PROJECT)])
        return os.environ | {"PYTHONPATH": path} | variables

    def sluice(self, *arguments, **variables):
        return subprocess.run(
            [sys.executable, "-c", MAIN, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment(**variables),
            timeout=300,
            check=False,
        )

    def compile(self):
        """The command compiles; what it made of the same settings before is taken again."""
        settings = self.config.read_text()
        if settings in COMPILED:
            self.compiled.write_text(COMPILED[settings])
        else:
            done = self.sluice("compile", "--config", self.config, "--out", self.compiled)
            assert done.returncode == 0, done.stderr
            COMPILED[settings] = self.compiled.read_text()
        return self.compiled

    @property
    def run_command(self):
        mount = f"/sluice={self.volume}"
        return ["run", "--from-ir", str(self.compiled), "--mount", mount]

    def run(self, *arguments, **variables):
        return self.sluice(*self.run_command, *arguments, **variables)

    def start(self, *arguments):
        """Starts a run that goes on by itself."""
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, *self.run_command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environment(),
        )

    def wait_until_it_waits(self, node, process):
        """Waits until a node ordered to wait does so: its process id and that of its child."""
        waiting = self.orders / f"{node}.waiting"
        deadline = time.monotonic() + 120
        while not waiting.exists() or len(waiting.read_text().split()) < 2:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return [int(pid) for pid in waiting.read_text().split()]


def gone(pid):
    """True where a process ends within seconds, collected or not: a signal takes its time."""
    try:
        process = psutil.Process(pid)
        for _ in range(100):
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            time.sleep(0.1)
    except psutil.NoSuchProcess:
        return True
    return False


@pytest.fixture
def diamond(tmp_path):
    return Diamond(tmp_path)


@pytest.fixture(scope="session")
def diamond_module():
    """The module of the diamond."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(IMAGE)
        import diamond
    return diamond


@pytest.fixture(scope="session")
def server():
    """A MariaDB server."""
    with mariadb.running() as running:
        yield running
