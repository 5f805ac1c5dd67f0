"""A pipeline of three nodes whose middle one does what a control file says."""

import json
import subprocess
import sys
import time
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

from trainer.progress import tell
from transform.errors import DataError

Examples = standard_artifacts.Examples


@component
def Source(text: Parameter[str], made: OutputArtifact[Examples]):
    Path(made.uri, "text").write_text(text)


@component
def Middle(control: Parameter[str], given: InputArtifact[Examples], made: OutputArtifact[Examples]):
    order = Path(control).read_text()
    Path(made.uri, "text").write_text("half")
    if order == "fail":
        raise ValueError("the middle gave way")
    if order == "refuse":
        raise DataError("a rule. Received: 3. Do this.")
    if order == "say":
        tell("half way")
    if order == "wait":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
        Path(control + ".waiting").write_text(str(child.pid))
        print("printed by the node", flush=True)
        time.sleep(300)
    Path(made.uri, "text").write_text(Path(given.uri, "text").read_text() * 2)


@component
def Sink(
    report: Parameter[str],
    pushed: Parameter[int],
    given: InputArtifact[Examples],
    made: OutputArtifact[Examples],
):
    Path(made.uri, "text").write_text(
        " ".join([*sys.argv[1:], Path(given.uri, "text").read_text()])
    )
    facts = {
        "settings_hash": "0" * 64,
        "quality": {"rows": [{"model": "sluice", "ndcg_at_10": 0.125}]},
        "verdict": {"blessed": bool(pushed), "summary": "So it is.", "sentences": []},
        "checks": [{"passed": bool(pushed), "sentence": "FAIL: ndcg is 0.1."}],
        "pushed_version": pushed or None,
        "account": None,
    }
    Path(report).parent.mkdir(exist_ok=True)
    Path(report).write_text(json.dumps(facts))


def create_pipeline(settings):
    """Takes the place of `pipeline.dag.create_pipeline`."""
    root = settings.root
    source = Source(text="ab")
    middle = Middle(control=str(root / "control"), given=source.outputs["made"])
    sink = Sink(
        report=str(root / "report" / "report.json"),
        pushed=settings.seed,  # 0 withholds the model
        given=middle.outputs["made"],
    )
    return Pipeline(
        pipeline_name=settings.name,
        pipeline_root=str(root / "artifacts"),
        components=[source, middle, sink],
        metadata_connection_config=sqlite_metadata_connection_config(str(root / "metadata.sqlite")),
        enable_cache=True,
    )
