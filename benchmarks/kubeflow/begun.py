"""Executors that say when they begin, and do nothing: one for each real one, with its imports.

That of `a.b.C` has the dotted path `benchmarks.kubeflow.begun.a__b__C`.
"""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path
from typing import Any

import psutil
from tfx.utils import import_utils

from benchmarks.said import report
from pipeline.runners.light import OF_TFX

SAID_VARIABLE = "BENCH_SAID"


def path_of(class_path: str) -> str:
    """The dotted path that stands for that of a real executor."""
    return f"{__name__}.{class_path.replace('.', '__')}"


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    path = name.replace("__", ".")
    if path.startswith(OF_TFX):
        # What a process of such a node does not put off.
        _ = importlib.import_module("tfx.components").Evaluator
    real = import_utils.import_class_by_path(path)
    return type(name, (real,), {"Do": _say, "__module__": __name__})


def _say(*_: object) -> None:
    """Takes the place of the executor's work."""
    process = psutil.Process()
    report(
        Path(os.environ[SAID_VARIABLE]),
        seconds=time.time() - process.create_time(),
        processor_seconds=time.process_time(),
        memory_bytes=process.memory_info().rss,
    )
