import json

import pytest

from components.checks import Bound
from pipeline import eval_configs
from pipeline.eval_configs import list_eval_config, ranker_eval_config
from pipeline.gate_overrides import gates_with
from pipeline.gates import Gates
from trainer.metrics.row_scores import Head
from transform.features import SLICES, Feature

FEATURES = (
    Feature(name="gender", side="query", kind="category"),
    Feature(name="interests", side="query", kind="category", separator="|"),
    Feature(name="age", side="query", kind="number"),
    Feature(name="genres", side="candidate", kind="category"),
    Feature(name="device", side="context", kind="category"),
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


def test_slices_are_computed_columns_and_single_valued_categories_of_requests():
    config = list_eval_config(Gates(), FEATURES, [("user_rung", "gender")])
    keys = [tuple(spec.feature_keys) for spec in config.slicing_specs]
    assert keys == [
        (),
        *((name,) for name in SLICES),
        ("gender",),
        ("device",),
        ("user_rung", "gender"),
    ]


def test_repeats_are_measured_where_lists_may_hold_them():
    for exclude_seen in (True, False):
        config = ranker_eval_config(Gates(), (), exclude_seen=exclude_seen)
        counted, *metrics = config.metrics_specs[0].metrics
        assert counted.class_name == ("MeasuredRows" if exclude_seen else "ExampleCount")
        assert {json.loads(one.config)["repeats"] for one in metrics} == {not exclude_seen}


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
    assert set(ranker) == {"auc", "normalised_entropy", "calibration", "relative_ece"}
    assert ranker["calibration"].value_threshold.lower_bound.value == 0.5
    assert ranker["calibration"].value_threshold.upper_bound.value == 2.0
    lists = _thresholds(list_eval_config(Gates(), ()))
    assert set(lists) == {"ndcg_at_10", "recall_at_10", "distinct_list_ratio_at_10"}


@pytest.mark.parametrize("config", [ranker_eval_config, list_eval_config])
def test_gains_are_measured_and_left_to_the_verdict(config):
    # TFMA knows no noise: its own change thresholds would contradict the Verdict.
    made = config(Gates(), ())
    assert any("Paired" in metric.class_name for metric in made.metrics_specs[0].metrics)
    assert not any(found.HasField("change_threshold") for found in _thresholds(made).values())


def test_another_head_is_measured_by_declaring_it(monkeypatch):
    click = Head(label="label_click", prediction="score_click")
    monkeypatch.setattr(eval_configs, "HEADS", (Head(), click))
    config = ranker_eval_config(Gates(), ())
    names = [json.loads(m.config)["name"] for m in config.metrics_specs[0].metrics if m.config]
    assert {"auc", "auc_click", "gauc_click", "ece_click", "paired_scores_click"} <= set(names)
    assert len(names) == len(set(names))
    assert config.model_specs[0].label_key == "label"


def test_settings_reach_the_thresholds():
    gates = gates_with({"ndcg_at_10": {"lower": 0.2}})
    threshold = _thresholds(list_eval_config(gates, ()))["ndcg_at_10"]
    assert threshold.value_threshold.lower_bound.value == 0.2


def test_a_bound_without_a_metric_is_refused():
    verdict = Gates().verdict.model_copy(update={"lists": (Bound(name="charm", lower=1.0),)})
    with pytest.raises(ValueError, match=r"needs a metric that TFMA computes\. Received: 'charm'"):
        list_eval_config(Gates(verdict=verdict), ())


def test_lists_that_were_shown_are_sliced_by_who_asked_for_them_alone():
    gates, crosses = Gates(), [("user_rung", "item_rung"), ("user_rung", "request_hour")]
    config = ranker_eval_config(gates, (), crosses, exclude_seen=True, shown=True)
    sliced = [tuple(spec.feature_keys) for spec in config.slicing_specs]
    asked = [("user_rung",), ("request_hour",), ("request_weekday",)]
    assert sliced == [(), *asked, ("user_rung", "request_hour")]
    counted, *metrics = config.metrics_specs[0].metrics
    assert counted.class_name == "ExampleCount"
    # No row is for one item, which could be left out.
    assert all(json.loads(metric.config)["repeats"] for metric in metrics)
