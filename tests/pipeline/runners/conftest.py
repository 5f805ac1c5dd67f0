"""A settings file and a control file for the toy pipeline."""

from pathlib import Path

import pytest

from pipeline.loading import load_settings

FOLDER = Path(__file__).parent


class Toy:
    """One root folder of the toy pipeline."""

    def __init__(self, folder, seed=7):
        self.config = folder / "toy.yaml"
        self.root = folder / "runs"
        self.control = self.root / "control"
        self.root.mkdir()
        (folder / "log.csv").write_text("a\n")
        self.config.write_text(
            f"name: toy\nroot: runs\nseed: {seed}\ndata: {{events: {{path: log.csv}}}}\n"
        )
        self.order("go on")

    def order(self, what):
        self.control.write_text(what)

    @property
    def settings(self):
        return load_settings(self.config)

    def outputs(self, node):
        """What lies in the output folders of a node: execution number -> text."""
        folder = self.root / "artifacts" / node / "made"
        return {int(p.parent.name): p.read_text() for p in sorted(folder.glob("*/text"))}


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path)


@pytest.fixture
def toy_module(monkeypatch):
    """The module of the toy pipeline, with TFX loaded."""
    monkeypatch.syspath_prepend(FOLDER)
    import toy_pipeline

    return toy_pipeline
