"""Evaluations as tables of slices: complete, in a reader's order, the blessed model left out."""

import math

from components.report.evaluations import read_evaluation, to_evaluation
from tests.components.report.artifacts_of_a_run import write_metrics


def test_what_tfma_wrote_comes_back_by_slice(tmp_path):
    values = {
        (("user_rung", "2-5"),): (40, 0.07),
        (): (100, 0.10),
        (("gender", ""), ("user_rung", "0")): (3, math.nan),
    }
    write_metrics(tmp_path, ("example_count", "ndcg_at_10"), values)
    found = read_evaluation("list", str(tmp_path))
    assert found.metrics == ("ndcg_at_10",)
    rows = [(s.feature, s.value, s.count, s.metrics["ndcg_at_10"].value) for s in found.slices]
    assert rows == [
        ("", "", 100, 0.10),
        ("user_rung", "2-5", 40, 0.07),
        ("gender × user_rung", "(missing) × 0", 3, None),
    ]


def test_ladders_come_first_and_climb():
    keys = [
        (),
        (("age", "30"),),
        (("item_rung", "21+"),),
        (("user_rung", "6-20"),),
        (("user_rung", "21+"),),
        (("user_rung", "0"),),
        (("user_rung", "2-5"),),
    ]
    found = to_evaluation("list", {"auc": dict.fromkeys(keys, 0.5)})
    assert [(s.feature, s.value) for s in found.slices] == [
        ("", ""),
        ("user_rung", "0"),
        ("user_rung", "2-5"),
        ("user_rung", "6-20"),
        ("user_rung", "21+"),
        ("item_rung", "21+"),
        ("age", "30"),
    ]


def test_a_metric_that_is_no_number_anywhere_is_no_column():
    found = to_evaluation("ranker", {"confusion": {(): math.nan}, "auc": {(): 0.8}})
    assert found.metrics == ("auc",)


def test_a_metric_missing_from_a_slice_is_unmeasured_there():
    found = to_evaluation("list", {"auc": {(): 0.8}, "log_loss": {(("a", "b"),): 0.1}})
    assert found.slices[1].metrics["auc"].value is None
    assert found.slices[1].count is None
