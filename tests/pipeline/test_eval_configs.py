import json

import pytest
from tensorflow_model_analysis.proto import config_pb2

from components.checks import Bound
from pipeline.eval_configs import list_eval_config, ranker_eval_config, slice_keys
from pipeline.gates import Gates, gates_with
from transform.features import Feature

FEATURES = (
    Feature(name="gender", side="query", kind="category"),
    Feature(name="interests", side="query", kind="category", separator="|"),
    Feature(name="age", side="query", kind="number"),
    Feature(name="genres", side="candidate", kind="category"),
)


def _thresholds(config):
    """Metric -> its thresholds; all are on the overall slice alone."""
    found = {}
    for metric in config.metrics_specs[0].metrics:
        assert not metric.HasField("threshold"), "TFMA would apply it to every slice"
        for per_slice in metric.per_slice_thresholds:
            assert [len(s.feature_keys) for s in per_slice.slicing_specs] == [0]
            found[json.loads(metric.config)["name"]] = per_slice.threshold
    return found


def test_slices_are_ladders_and_single_valued_query_categories():
    assert slice_keys(FEATURES) == ["user_rung", "item_rung", "gender"]
    config = list_eval_config(Gates(), FEATURES)
    keys = [list(spec.feature_keys) for spec in config.slicing_specs]
    assert keys == [[], ["user_rung"], ["item_rung"], ["gender"]]


def test_signatures_labels_and_predictions():
    ranker = ranker_eval_config(Gates(), ()).model_specs[0]
    assert (ranker.signature_name, ranker.label_key, ranker.prediction_key) == (
        "rank_examples",
        "label",
        "score",
    )
    lists = list_eval_config(Gates(), ()).model_specs[0]
    assert (lists.signature_name, lists.label_key, lists.prediction_key) == (
        "serving_default",
        "target_item_id",
        "item_id",
    )
    assert ranker.model_type == lists.model_type == "tf_generic"


def test_every_bound_becomes_a_threshold():
    # Without thresholds TFX's Evaluator blesses nothing.
    ranker = _thresholds(ranker_eval_config(Gates(), ()))
    assert set(ranker) == {"auc", "normalised_entropy", "calibration", "relative_ece", "log_loss"}
    assert ranker["calibration"].value_threshold.lower_bound.value == 0.5
    assert ranker["calibration"].value_threshold.upper_bound.value == 2.0
    lists = _thresholds(list_eval_config(Gates(), ()))
    assert set(lists) == {"ndcg_at_10", "recall_at_10", "distinct_list_ratio_at_10"}


def test_directions_of_changes():
    ranker = _thresholds(ranker_eval_config(Gates(), ()))
    auc, loss = ranker["auc"].change_threshold, ranker["log_loss"].change_threshold
    assert auc.direction == config_pb2.MetricDirection.HIGHER_IS_BETTER
    assert loss.direction == config_pb2.MetricDirection.LOWER_IS_BETTER
    assert (auc.relative.value, loss.relative.value) == (-0.03, 0.1)


def test_settings_reach_the_thresholds():
    gates = gates_with({"ndcg_at_10": {"lower": 0.2}})
    threshold = _thresholds(list_eval_config(gates, ()))["ndcg_at_10"]
    assert threshold.value_threshold.lower_bound.value == 0.2


def test_a_bound_without_a_metric_is_refused():
    verdict = Gates().verdict.model_copy(update={"lists": (Bound(name="charm", lower=1.0),)})
    with pytest.raises(ValueError, match=r"needs a metric that TFMA computes\. Received: 'charm'"):
        list_eval_config(Gates(verdict=verdict), ())


def test_a_change_has_one_end():
    gates = gates_with({"auc_change": {"upper": 0.5}})
    with pytest.raises(ValueError, match=r"has one end.*auc_change with lower -0.03, upper 0.5"):
        ranker_eval_config(gates, ())
