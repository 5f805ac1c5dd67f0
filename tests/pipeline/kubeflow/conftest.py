"""A volume with the diamond's data, and what compiles and runs it as an engineer would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline.loading import load_settings

IMAGE = Path(__file__).parent / "image"
PROJECT = Path(__file__).parents[3]
MAIN = "from pipeline.cli import main; main()"


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
        done = self.sluice("compile", "--config", self.config, "--out", self.compiled)
        assert done.returncode == 0, done.stderr
        return self.compiled

    @property
    def run_command(self):
        mount = f"/sluice={self.volume}"
        return ["run", "--from-ir", str(self.compiled), "--mount", mount]

    def run(self, *arguments, **variables):
        return self.sluice(*self.run_command, *arguments, **variables)


@pytest.fixture
def diamond(tmp_path):
    return Diamond(tmp_path)


@pytest.fixture
def diamond_module(monkeypatch):
    """The module of the diamond."""
    monkeypatch.syspath_prepend(IMAGE)
    import diamond

    return diamond
