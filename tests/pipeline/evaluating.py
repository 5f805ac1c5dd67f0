"""Runs the real Evaluator with one of our EvalConfigs."""

import json

from google.protobuf import json_format
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils, standard_artifacts

from components.evaluator.executor import Executor
from components.verdict.evaluation import read_evaluation
from pipeline.eval_configs import list_eval_config, ranker_eval_config
from pipeline.gates import Gates
from pipeline.judging import LIST_EXTRACTORS, SCORE_MODELS
from transform.features import Feature

FEATURES = (Feature(name="segment", side="query", kind="category"),)
BEAM = ["--runner=FnApiRunner", "--direct_running_mode=in_memory"]
CROSSES = (("user_rung", "segment"),)
CONFIGS = {
    "lists": list_eval_config(Gates(), FEATURES, CROSSES),
    "scores": ranker_eval_config(Gates(), FEATURES, CROSSES, exclude_seen=True),
}
MODULES = {"lists": LIST_EXTRACTORS, "scores": SCORE_MODELS}


def evaluate(examples_folder, out, config, candidate, blessed=None):
    """Runs the Evaluator; returns whether it blessed the model, and the results.

    Args:
        examples_folder: Holds the split `eval`.
        out: Where to write.
        config: `lists` or `scores`.
        candidate: Folder that holds `Format-Serving`.
        blessed: The same of the model to compare with.
    """
    examples = standard_artifacts.Examples()
    examples.uri = str(examples_folder)
    examples.split_names = artifact_utils.encode_split_names(["eval"])
    inputs = {"examples": [examples], "model": [_model(candidate, 2)]}
    if blessed:
        inputs["baseline_model"] = [_model(blessed, 1)]
    evaluation, blessing = standard_artifacts.ModelEvaluation(), standard_artifacts.ModelBlessing()
    evaluation.uri, blessing.uri = str(out / "evaluation"), str(out / "blessing")
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=BEAM, tmp_dir=str(out / "tmp"), unique_id="1"
    )
    Executor(context).Do(
        inputs,
        {"evaluation": [evaluation], "blessing": [blessing]},
        {
            "eval_config": json_format.MessageToJson(CONFIGS[config]),
            "module_path": MODULES[config],
            "example_splits": json.dumps(["eval"]),
            "fairness_indicator_thresholds": "null",
        },
    )
    return blessing.get_int_custom_property("blessed") == 1, read_evaluation(evaluation.uri)


def _model(folder, id):
    model = standard_artifacts.Model()
    model.uri, model.id = str(folder), id
    return model
