"""The Evaluator's side: the node's executor over all requests, in a fresh process.

`python -m benchmarks.evaluation.evaluator_side MODEL EXAMPLES EVAL_CONFIG OUT SAID`.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils, standard_artifacts

from benchmarks.said import report
from components.evaluator.executor import Executor
from components.verdict.evaluation import read_evaluation
from pipeline.dag import BEAM_ARGS
from pipeline.judging import LIST_EXTRACTORS
from transform import features as keys


def main(model: str, examples: str, config: str, out: str, said: str) -> None:
    """Evaluates, and reports seconds, rows and slices."""
    rows = standard_artifacts.Examples()
    rows.uri = examples
    rows.split_names = artifact_utils.encode_split_names([keys.EVAL])
    candidate = standard_artifacts.Model()
    candidate.uri = model
    evaluation, blessing = standard_artifacts.ModelEvaluation(), standard_artifacts.ModelBlessing()
    evaluation.uri, blessing.uri = f"{out}/evaluation", f"{out}/blessing"
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=list(BEAM_ARGS), tmp_dir=f"{out}/beam", unique_id="1"
    )
    began = time.perf_counter()
    Executor(context).Do(
        {"examples": [rows], "model": [candidate]},
        {"evaluation": [evaluation], "blessing": [blessing]},
        {
            "eval_config": Path(config).read_text(),
            "example_splits": json.dumps([keys.EVAL]),
            "fairness_indicator_thresholds": "null",
            "module_path": LIST_EXTRACTORS,
        },
    )
    seconds = time.perf_counter() - began
    found = read_evaluation(evaluation.uri)
    columns = {tuple(feature for feature, _ in of) for of in found.slices}
    report(Path(said), seconds=seconds, rows=found.rows(), slices=len(columns))


if __name__ == "__main__":
    main(*sys.argv[1:])
