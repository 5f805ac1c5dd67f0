"""A pipeline that forks: Quick and Late need not wait for each other; each does as it is ordered.

Orders are files in a folder: `meet` makes each wait until the other runs, `quick fails` and
`late fails` say who fails while the other is under way, and `late stays` has it wait for the end of
the run.
"""

import time
from pathlib import Path

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

Examples = standard_artifacts.Examples


def await_file(path, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {path.name}")
        time.sleep(0.02)


def do(name, other, orders):
    """One of the two."""
    (orders / f"{name} runs").touch()
    if (orders / "meet").exists():
        await_file(orders / f"{other} runs")
    if (orders / f"{name} stays").exists():
        await_file(orders / "over")  # and then comes to a good end all the same
    if (orders / f"{name} fails").exists():
        (orders / "failed").touch()
        raise ValueError(f"{name} gave way")
    if (orders / f"{other} fails").exists():
        await_file(orders / "failed")
        time.sleep(0.5)  # and then comes to a good end all the same


@component
def Begin(made: OutputArtifact[Examples]):
    Path(made.uri, "text").write_text("begun")


@component
def Quick(orders: Parameter[str], given: InputArtifact[Examples], made: OutputArtifact[Examples]):
    Path(made.uri, "text").write_text("quick")
    do("quick", "late", Path(orders))


@component
def Late(orders: Parameter[str], given: InputArtifact[Examples], made: OutputArtifact[Examples]):
    Path(made.uri, "text").write_text("late")
    do("late", "quick", Path(orders))


@component
def End(
    one: InputArtifact[Examples], other: InputArtifact[Examples], made: OutputArtifact[Examples]
):
    texts = [Path(artifact.uri, "text").read_text() for artifact in (one, other)]
    Path(made.uri, "text").write_text(" ".join(texts))


def create_pipeline(root):
    begin = Begin()
    orders = str(root / "orders")
    late = Late(orders=orders, given=begin.outputs["made"])
    quick = Quick(orders=orders, given=begin.outputs["made"])
    end = End(one=quick.outputs["made"], other=late.outputs["made"])
    return Pipeline(
        pipeline_name="forked",
        pipeline_root=str(root / "artifacts"),
        components=[begin, late, quick, end],
        metadata_connection_config=sqlite_metadata_connection_config(str(root / "metadata.sqlite")),
        enable_cache=True,
    )
