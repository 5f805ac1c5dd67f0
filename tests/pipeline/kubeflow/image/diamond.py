"""A pipeline of four nodes, two of which may run at the same time; each does as it is ordered."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

from trainer.stall import NotFiniteError

Examples = standard_artifacts.Examples


def obey(orders: str, node: str, made: str) -> None:
    """Notes who works where, leaves half an output, and does what the node's file says."""
    folder = Path(orders)
    facts = {
        "folder": str(Path.cwd()),
        "variables": dict(os.environ),
        "arguments": sys.argv[1:],
        "tensorflow": "__path__" in vars(sys.modules["tensorflow"]),  # it has run
    }
    (folder / f"{node}.facts").write_text(json.dumps(facts))
    Path(made, f"half-{os.getpid()}").touch()
    order = (folder / node).read_text() if (folder / node).exists() else "go"
    if order == "meet":
        other = folder / ("Right.facts" if node == "Left" else "Left.facts")
        while not other.exists():
            time.sleep(0.05)
    if order == "diverge":
        with (folder / f"{node}.diverged").open("a") as file:
            file.write("once\n")
        raise NotFiniteError(f"{node} must stay finite")
    if order == "fail" or _first(folder, node, order, "fail once"):
        raise ValueError(f"{node} gave way")
    if _first(folder, node, order, "kill once"):
        os.kill(os.getpid(), signal.SIGKILL)
    if order == "wait":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
        (folder / f"{node}.waiting").write_text(f"{os.getpid()} {child.pid}")
        time.sleep(300)


def _first(folder: Path, node: str, order: str, which: str) -> bool:
    mark = folder / f"{node}.tried"
    if order != which or mark.exists():
        return False
    mark.touch()
    return True


@component
def Source(text: Parameter[str], orders: Parameter[str], made: OutputArtifact[Examples]):
    obey(orders, "Source", made.uri)
    Path(made.uri, "text").write_text(text)


@component
def Left(orders: Parameter[str], given: InputArtifact[Examples], made: OutputArtifact[Examples]):
    obey(orders, "Left", made.uri)
    Path(made.uri, "text").write_text(Path(given.uri, "text").read_text() + "l")


@component
def Right(orders: Parameter[str], given: InputArtifact[Examples], made: OutputArtifact[Examples]):
    obey(orders, "Right", made.uri)
    Path(made.uri, "text").write_text(Path(given.uri, "text").read_text() + "r")


@component
def Join(
    orders: Parameter[str],
    report: Parameter[str],
    left: InputArtifact[Examples],
    right: InputArtifact[Examples],
    made: OutputArtifact[Examples],
):
    obey(orders, "Join", made.uri)
    text = Path(left.uri, "text").read_text() + Path(right.uri, "text").read_text()
    Path(made.uri, "text").write_text(text)
    facts = {
        "quality": {"rows": [{"model": "sluice", "ndcg_at_10": 0.125}]},
        "verdict": {"summary": f"It says {text}."},
        "pushed_version": 1,
    }
    Path(report).parent.mkdir(exist_ok=True)
    Path(report).write_text(json.dumps(facts))


def create_pipeline(settings) -> Pipeline:
    """Takes the place of `pipeline.dag.create_pipeline`."""
    root = settings.root
    orders = str(root / "orders")
    window = settings.data.window
    source = Source(text=f"{settings.seed}-{window.last if window else 'all'}-", orders=orders)
    left = Left(orders=orders, given=source.outputs["made"])
    right = Right(orders=orders, given=source.outputs["made"])
    join = Join(
        orders=orders,
        report=str(root / "report" / "report.json"),
        left=left.outputs["made"],
        right=right.outputs["made"],
    )
    return Pipeline(
        pipeline_name=settings.name,
        pipeline_root=str(root / "artifacts"),
        components=[source, left, right, join],
        metadata_connection_config=sqlite_metadata_connection_config(str(root / "metadata.sqlite")),
        enable_cache=True,
    )
