"""What it costs until a node's executor begins: of each node of the pipeline, against TFX's own."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from benchmarks.kubeflow.begun import SAID_VARIABLE, path_of
from benchmarks.kubeflow.sample import sample
from benchmarks.processes import run
from benchmarks.results import ROOT, Row
from pipeline.dag import create_pipeline
from pipeline.kubeflow import stored
from pipeline.loading import load_settings
from pipeline.runners.local import compile_pipeline

_WHOLE = """
import tfx.orchestration.portable.launcher
from pipeline.kubeflow.node import run
from pipeline.kubeflow.outcome import main_of
main_of(run)
"""
_OURS = ("-m", "pipeline.kubeflow.node")
_STOCK = ("-m", "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor")
_FEW = 2  # nodes of the short form, the first that run
_UNTIL = "until its executor begins"
Classes = dict[str, str]  # node -> dotted path of its executor


@dataclass(frozen=True)
class Start:
    """What it cost until an executor began.

    Attributes:
        seconds: From the start of the process.
        processor_seconds: Of the processor, which other work on the machine changes little.
        memory_bytes: Resident memory then.
    """

    seconds: float
    processor_seconds: float
    memory_bytes: int


def start_up(folder: Path, *, nodes: int | None = None) -> list[Row]:
    """Starts each node as its container does, so, with the launcher imported whole, and by TFX.

    Args:
        folder: Where everything of the benchmark lies.
        nodes: How many of them, by default all.
    """
    home = folder / "start-up"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    settings = sample(home)
    sides = {}
    for side, program in (("ours", _OURS), ("whole", ("-c", _WHOLE))):
        compiled, classes = _compiled(home / side, settings)
        sides[side] = _nodes(home / side, compiled, program, nodes)
    stock = {node: _stock(home / "stock" / node, classes[node]) for node in sides["ours"]}
    return rows(sides["ours"], sides["whole"], stock)


def start_up_of_few(folder: Path) -> list[Row]:
    """The short form."""
    return start_up(folder, nodes=_FEW)


def rows(
    ours: Mapping[str, Start], whole: Mapping[str, Start], stock: Mapping[str, Start]
) -> list[Row]:
    """Rows of each node and of all: processor time, held against TFX's container, and memory."""
    sides = {"launcher imported whole": whole, "TFX's own container": stock}

    def row(measure: str, names: Sequence[str], unit: str, of: str, scale: float) -> Row:
        def total(side: Mapping[str, Start]) -> float:
            return float(sum(getattr(side[name], of) for name in names)) / scale

        peers = {name: total(side) for name, side in sides.items()}
        bar = f"<= {total(stock):.2f}"
        return Row(measure, total(ours), unit, bar, total(ours) <= total(stock), peers)

    every = list(ours)
    clock = row(f"{len(every)} nodes, each {_UNTIL}", every, "s", "seconds", 1)
    processor = f"{len(every)} nodes: processor time, each {_UNTIL}"
    found = [
        replace(clock, bar=None, holds=None),  # other work on the machine counts in it
        row(processor, every, "s", "processor_seconds", 1),
    ]
    for node in ours:
        found += [
            row(f"{node}: processor time {_UNTIL}", [node], "s", "processor_seconds", 1),
            row(f"{node}: memory once its executor begins", [node], "MiB", "memory_bytes", 2**20),
        ]
    return found


def _nodes(
    home: Path, compiled: pipeline_pb2.Pipeline, program: Sequence[str], count: int | None
) -> dict[str, Start]:
    """Runs nodes whose executors do nothing, one after the other."""
    ir = home / "pipeline.pb"
    stored.write(compiled, ir)
    found = {}
    for node in list(stored.graph_of(compiled))[:count]:
        command = [sys.executable, *program, "--node-id", node, "--ir", str(ir), "--metadata", "{}"]
        if start := _start(command, home / node):
            found[node] = start
    return found


def _stock(home: Path, class_path: str) -> Start:
    """The same executor in the container that TFX compiles for managed pipelines."""
    given = json.dumps({"outputs": {"outputFile": str(home / "task" / "output.json")}})
    command = [sys.executable, *_STOCK, "--executor_class_path", class_path]
    found = _start([*command, "--json_serialized_invocation_args", given], home)
    if found is None:
        raise RuntimeError(f"an executor says that it has begun. Received: nothing of {class_path}")
    return found


def _start(command: Sequence[str | Path], home: Path) -> Start | None:
    """Runs a node to its end; None for one without an executor."""
    said = home / "said.json"
    home.mkdir(parents=True, exist_ok=True)
    variables = {SAID_VARIABLE: str(said), "PYTHONPATH": str(ROOT), "TF_USE_LEGACY_KERAS": "1"}
    cost = run(command, home / "log", said, variables)
    return Start(**cost.said) if cost.said else None


def _compiled(home: Path, settings: Mapping[str, Any]) -> tuple[pipeline_pb2.Pipeline, Classes]:
    """The pipeline with executors that do nothing, and the dotted path of each."""
    home.mkdir(parents=True)
    config = home / "settings.yaml"
    config.write_text(yaml.safe_dump({**settings, "root": str(home / "root")}))
    compiled = compile_pipeline(create_pipeline(load_settings(config)), "start-up")
    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    compiled.deployment_config.Unpack(deployment)
    classes = {}
    for node, packed in deployment.executor_specs.items():
        beam = executable_spec_pb2.BeamExecutableSpec()
        python = executable_spec_pb2.PythonClassExecutableSpec()
        spec = beam if packed.Unpack(beam) else python
        packed.Unpack(spec)
        inner = beam.python_executor_spec if spec is beam else python
        inner.class_path = classes[node] = path_of(inner.class_path)
        packed.Pack(spec)
    compiled.deployment_config.Pack(deployment)
    return compiled, classes
