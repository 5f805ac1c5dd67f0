"""A pipeline that is run with a seed of its own up to some node, and what it leaves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import run_module
from transform import features as keys


@dataclass(frozen=True)
class SeededRun:
    """Where a run and what it reads lie.

    Attributes:
        settings: Its settings, which refer to the log and the root folder by `variables`.
        log: The log.
        root: Its root folder.
        seed: Its seed.
    """

    settings: Path
    log: Path
    root: Path
    seed: int

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that the settings refer to."""
        return {"BENCH_LOG": str(self.log), "BENCH_ROOT": str(self.root)}

    def train(self, said: Path) -> dict[str, float]:
        """Runs it, unless it once ended and its model is still there; the seconds of each node.

        Args:
            said: Where these are kept.

        Raises:
            SideError: If it fails.
        """
        if not (said.exists() and self.model.exists()):
            self.run_to("RecommenderAssembler", said)
        seconds: dict[str, float] = json.loads(said.read_text())["seconds"]
        return seconds

    def run_to(self, last: str, said: Path) -> None:
        """Runs it up to a node.

        Args:
            last: The node, that included.
            said: Where the seconds of each node are kept.

        Raises:
            SideError: If it fails.
        """
        module, asked = "benchmarks.train_side", (self.settings, self.seed, last)
        run_module(module, *asked, said=said, environment=self.variables)

    @property
    def examples(self) -> Path:
        """Its rows, a subfolder for each split."""
        return newest(self.root, "EventExampleGen", "examples")

    @property
    def model(self) -> Path:
        """The SavedModel of the recommender."""
        return newest(self.root, "RecommenderAssembler", "model") / "Format-Serving"


def newest(root: Path, node: str, key: str) -> Path:
    """The latest artifact of an output of a node; a name that does not exist where there is none.

    Args:
        root: Root folder of the pipeline.
        node: The node.
        key: The output.
    """
    written = root / "artifacts" / node / key
    return max(written.glob("*"), key=lambda path: int(path.name), default=written / "none")


def transformed(root: Path, split: str) -> Path:
    """The transformed rows of a split."""
    return newest(root, "Transform", "transformed_examples") / f"Split-{split}"


def catalogue_files(root: Path) -> str:
    """A glob of the transformed catalogue."""
    return f"{transformed(root, keys.CATALOGUE)}/*"
