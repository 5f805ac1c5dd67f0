"""TFX's real Evaluator with our EvalConfigs: what it blesses, and what it does not."""

import json

import pytest
from google.protobuf import json_format
from tfx.components.evaluator.executor import Executor
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import artifact_utils, standard_artifacts

from components.verdict.evaluation import read_evaluation
from pipeline.eval_configs import list_eval_config, ranker_eval_config
from pipeline.gates import Gates
from tests.components.toy_recommender import ToyRecommender, raw_row, write_split
from transform.features import Feature

pytestmark = pytest.mark.slow

FEATURES = (Feature(name="segment", side="query", kind="category"),)
BEAM = ["--runner=FnApiRunner", "--direct_running_mode=in_memory"]
CONFIGS = {"lists": list_eval_config, "scores": ranker_eval_config}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluators")
    write_split(folder / "examples", "eval", [raw_row(user, 1 + user % 6) for user in range(240)])
    return folder


def _model(root, kind, id):
    path = root / kind
    if not path.exists():
        # Lists that leave out seen items differ even where the model has collapsed.
        toy = ToyRecommender(kind, forgets_seen=kind == "collapsed")
        toy.save(path / "Format-Serving")
    model = standard_artifacts.Model()
    model.uri, model.id = str(path), id
    return model


def _evaluate(root, tmp_path, kind, config, blessed=None):
    """Runs the Evaluator; returns whether it blessed the model, and the results."""
    examples = standard_artifacts.Examples()
    examples.uri = str(root / "examples")
    examples.split_names = artifact_utils.encode_split_names(["eval"])
    inputs = {"examples": [examples], "model": [_model(root, kind, 2)]}
    if blessed:
        inputs["baseline_model"] = [_model(root, blessed, 1)]
    evaluation, blessing = standard_artifacts.ModelEvaluation(), standard_artifacts.ModelBlessing()
    evaluation.uri, blessing.uri = str(tmp_path / "evaluation"), str(tmp_path / "blessing")
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=BEAM, tmp_dir=str(tmp_path / "tmp"), unique_id="1"
    )
    Executor(context).Do(
        inputs,
        {"evaluation": [evaluation], "blessing": [blessing]},
        {
            "eval_config": json_format.MessageToJson(CONFIGS[config](Gates(), FEATURES)),
            "example_splits": json.dumps(["eval"]),
            "fairness_indicator_thresholds": "null",
        },
    )
    return blessing.get_int_custom_property("blessed") == 1, read_evaluation(evaluation.uri)


def test_good_lists_are_blessed_and_sliced(root, tmp_path):
    blessed, found = _evaluate(root, tmp_path, "good", "lists")
    assert blessed
    assert found.value("ndcg_at_10") == pytest.approx(1.0)
    assert found.value("recall_at_100") == 1.0
    assert found.value("distinct_items_at_10") == 40
    slices = {key for ((key, _),) in found.slices}
    assert slices == {"user_rung", "item_rung", "segment"}
    assert found.rows((("segment", "north"),)) == 120


def test_good_scores_are_blessed(root, tmp_path):
    blessed, found = _evaluate(root, tmp_path, "good", "scores")
    assert blessed
    assert found.value("auc") > 0.99
    assert found.value("calibration") == pytest.approx(1.0, abs=0.1)
    assert found.value("example_count") == 240


@pytest.mark.parametrize(
    ("kind", "config", "because"),
    [
        ("shuffled", "scores", "normalised_entropy"),
        ("overconfident", "scores", "calibration"),
        ("collapsed", "lists", "distinct_list_ratio_at_10"),
    ],
)
def test_bad_models_are_not_blessed(root, tmp_path, kind, config, because):
    blessed, found = _evaluate(root, tmp_path, kind, config)
    assert not blessed
    bounds = (*Gates().verdict.ranker, *Gates().verdict.lists)
    bound = next(bound for bound in bounds if bound.name == because)
    assert not bound.check(found.value(because)).passed


def test_worse_than_the_blessed_model_is_not_blessed(root, tmp_path):
    against_itself, same = _evaluate(root, tmp_path / "same", "forgetful", "lists", "forgetful")
    against_better, worse = _evaluate(root, tmp_path / "good", "forgetful", "lists", "good")
    assert (against_itself, against_better) == (True, False)
    assert same.change("ndcg_at_10") == 0
    assert worse.change("ndcg_at_10") < -0.1


def test_scores_worse_than_those_of_the_blessed_model_are_not_blessed(root, tmp_path):
    blessed, found = _evaluate(root, tmp_path, "forgetful", "scores", "good")
    assert not blessed
    assert found.change("log_loss") > 0.1
