"""Runs a pipeline up to a node, that included, in a fresh process.

`python -m benchmarks.train_side SETTINGS SEED LAST SAID`. The nodes that judge and publish are
left out: what is judged here are the judges.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.said import report
from pipeline.dag import create_pipeline
from pipeline.loading import load_settings
from pipeline.runners.local import compile_pipeline
from pipeline.runners.node import launch_node

_UNNEEDED = ("Baselines",)


def main(config: str, seed: str, last: str, said: str) -> None:
    """Runs it, and reports the seconds of each node."""
    sys.argv[1:] = []  # TFX hands them to the flags of every executor
    settings = load_settings(Path(config)).model_copy(update={"seed": int(seed)})
    settings.root.mkdir(parents=True, exist_ok=True)
    compiled = compile_pipeline(create_pipeline(settings), f"seed-{seed}")
    nodes = [node.pipeline_node.node_info.id for node in compiled.nodes]
    seconds = {}
    for node in nodes[: nodes.index(last) + 1]:
        if node not in _UNNEEDED:
            began = time.perf_counter()
            launch_node(compiled, node)
            seconds[node] = time.perf_counter() - began
    report(Path(said), seconds=seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
