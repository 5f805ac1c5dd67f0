"""The Evaluator nodes' work: that of TFX, by as many processes as there is work for."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfx.components.evaluator import executor
from tfx.types import artifact_utils

from components.local_workers import with_local_workers, worker_environment

# Each process is one of as many as there are cores, and so is each one's TensorFlow.
_ONE_CORE = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


class Executor(executor.Executor):
    """Evaluates with a process for each core where the rows are many.

    Reading, the model and the metrics are one stage to Beam, which one process in memory works off
    row by row: Python's part of it cannot use a second core. Files are shared out among processes.
    """

    _beam_pipeline_args: list[str]

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node."""
        given = self._beam_pipeline_args
        files = _evaluated(input_dict["examples"], json.loads(exec_properties["example_splits"]))
        cores = min(len(os.sched_getaffinity(0)), len(files))
        size = sum(file.stat().st_size for file in files)
        self._beam_pipeline_args = with_local_workers(given, size, cores)
        with worker_environment(_ONE_CORE if self._beam_pipeline_args != list(given) else {}):
            super().Do(input_dict, output_dict, exec_properties)


def _evaluated(examples: Sequence[Any], splits: Sequence[str]) -> list[Path]:
    """The files of the evaluated splits."""
    return [
        file
        for split in splits
        for uri in artifact_utils.get_split_uris(list(examples), split)
        for file in sorted(Path(uri).glob("[!.]*"))
    ]
