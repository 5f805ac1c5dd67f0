"""Every node of the pipeline killed once in mid-work, and what the run after it makes of that."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from ml_metadata.proto import metadata_store_pb2 as mlmd

from benchmarks.kubeflow import mariadb
from benchmarks.kubeflow.compiled import Compiled
from benchmarks.kubeflow.sample import sample
from benchmarks.processes import SideError
from benchmarks.results import Row, at_least, at_most
from pipeline.kubeflow.metadata import PASSWORD_VARIABLE, existing_store
from pipeline.lineage import Lineage, NodeState
from pipeline.loading import load_settings
from pipeline.serving_folder import served_versions

# What a node's log says once its own work begins; the second is TFX's of nodes without an executor.
_BEGINS = (b"Going to run a new execution:", b"Running as an resolver node")
_INTO_WORK_SECONDS = 0.5
_LOOKS_UP = "LatestBlessed"  # nodes that ask the metadata anew in every run, and make nothing
# Over before that.
_SHORT = (_LOOKS_UP, "FeatureSchema", "ExampleValidator", "Pusher", "Baselines", "Verdict")
_POLL_SECONDS = 0.005


@dataclass
class Sweep:
    """What became of the nodes.

    Attributes:
        killed: Nodes that were killed while they worked.
        missed: Nodes that had ended before.
        repeated: Killed nodes that a later run repeated.
        again: Nodes that had finished before a kill and ran again after it.
        published: Node and output key -> how many artifacts were published.
        versions: How many versions of the one model were pushed.
        leftovers: Output folders of killed nodes that are still there, and are no artifacts.
    """

    killed: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    published: Counter[str] = field(default_factory=Counter)
    versions: int = 0
    leftovers: int = 0

    def rows(self) -> list[Row]:
        """Held against: each killed, each repeated, nothing else ran again, nothing doubled."""
        nodes = len(self.killed) + len(self.missed)
        unlike = sum(count != 1 for count in self.published.values())
        outputs = f"of {len(self.published)} outputs, those not published exactly once"
        return [
            at_least(f"nodes killed in mid-work, of {nodes}", len(self.killed), "", nodes),
            at_least("killed nodes that a later run repeated", len(self.repeated), "", nodes),
            at_most("finished nodes that ran again", len(self.again), "", 0),
            at_most(outputs, unlike, "", 0),
            at_most("versions pushed of the one model", self.versions, "", 1),
            Row("output folders of killed nodes left behind, no artifacts", self.leftovers, ""),
        ]


def kills(folder: Path) -> list[Row]:
    """Kills each node once and lets the next run go on.

    Args:
        folder: Where everything of the benchmark lies.
    """
    home = folder / "kills"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with mariadb.running() as server:
        os.environ[PASSWORD_VARIABLE] = mariadb.PASSWORD
        pipeline = Compiled(home, sample(home), server)
        pipeline.compile()
        return sweep(pipeline).rows()


def sweep(pipeline: Compiled) -> Sweep:
    """Runs the pipeline again and again, until each node was killed or has ended before."""
    found, finished = Sweep(), set[str]()
    nodes = pipeline.nodes()
    killed = {""}
    while killed:
        killed = kill_next(pipeline, set(found.killed))
        states = _states(pipeline.lineage())
        done = {name for name, state in states.items() if state is NodeState.DONE}
        found.again += sorted(name for name in done & finished if not name.startswith(_LOOKS_UP))
        finished |= done
        found.killed += sorted(killed)
        sys.stderr.write(f"benchmark kubeflow: {sorted(done)} ran, {sorted(killed)} were killed\n")
    found.missed = sorted(set(nodes) - set(found.killed))
    found.repeated = sorted(finished & set(found.killed))
    outputs = set((pipeline.root / "artifacts").glob("*/[a-z]*/*"))
    found.published = published(pipeline)
    found.versions = len(served_versions(load_settings(pipeline.config)))
    found.leftovers = len(outputs) - found.published.total()
    return found


def kill_next(pipeline: Compiled, spared: set[str]) -> set[str]:
    """Runs the pipeline until a node works, and kills it with signal 9, and those beside it.

    Args:
        pipeline: The pipeline.
        spared: Nodes that may do their work.

    Returns:
        The nodes; none where the run came to its end.
    """
    logs = pipeline.root / "logs"
    earlier = set(logs.glob("*"))
    told = pipeline.folder / "told.json"
    run = pipeline.start(told)
    due: dict[str, float] = {}  # node -> when it is killed
    while run.poll() is None:
        for log in (log for folder in set(logs.glob("*")) - earlier for log in folder.glob("*")):
            if log.stem not in spared | due.keys() and _works(log):
                wait = 0.0 if log.stem.startswith(_SHORT) else _INTO_WORK_SECONDS
                due[log.stem] = time.monotonic() + wait
        for node in [node for node, when in due.items() if when <= time.monotonic()]:
            _kill(run, node)
            due[node] = math.inf
        time.sleep(_POLL_SECONDS)
    said = told.read_text()
    killed = {node for node in due if f"{node} failed: it was killed by SIGKILL" in said}
    if run.returncode and not killed:
        raise SideError(f"only a killed node may fail. Received: {said[-2000:]}")
    return killed


def _kill(run: subprocess.Popen[bytes], node: str) -> None:
    """Kills the process that stands for the container of a node, if it still runs."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in psutil.Process(run.pid).children():
            if node in process.cmdline():
                process.kill()


def _works(log: Path) -> bool:
    said = log.read_bytes() if log.exists() else b""
    return any(mark in said for mark in _BEGINS)


def _states(lineage: Lineage) -> dict[str, NodeState]:
    last = lineage.last_run()
    return {node.node_id: node.state for node in last.nodes} if last else {}


def published(pipeline: Compiled) -> Counter[str]:
    """Node and output key -> how many artifacts the metadata hold as published."""
    kubeflow = load_settings(pipeline.config).kubeflow
    store = existing_store(kubeflow.metadata) if kubeflow else None
    artifacts = store.get_artifacts() if store else []
    live = [Path(one.uri) for one in artifacts if one.state == mlmd.Artifact.LIVE]
    return Counter(".".join(path.parts[-3:-1]) for path in live)
