"""Evaluations as tables of slices: complete, in a reader's order, the blessed model left out."""

import math

import pytest

from components.report.evaluations import read_evaluation, to_evaluation
from components.report.facts import Measured
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


def test_ladders_come_first_and_values_stand_in_their_order():
    keys = [
        (),
        (("target_popularity", "10"),),
        (("target_popularity", "2"),),
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
        ("target_popularity", "2"),
        ("target_popularity", "10"),
    ]


def test_a_metric_that_is_no_number_anywhere_is_no_column():
    found = to_evaluation("ranker", {"confusion": {(): math.nan}, "auc": {(): 0.8}})
    assert found.metrics == ("auc",)


def test_a_metric_missing_from_a_slice_is_unmeasured_there():
    found = to_evaluation("list", {"auc": {(): 0.8}, "log_loss": {(("a", "b"),): 0.1}})
    assert found.slices[1].metrics["auc"].value is None
    assert found.slices[1].count is None


def test_a_mean_over_requests_gets_the_interval_that_follows_from_its_count():
    counts = {(): 100.0, (("a", "b"),): 0.0}
    found = to_evaluation(
        "list",
        {
            "example_count": counts,
            "recall_at_10": {(): 0.1},
            "auc": {(): 0.8},
            "mrr_at_10": {(("a", "b"),): 0.0},
        },
    )
    recall, auc = (found.slices[0].metrics[name] for name in ("recall_at_10", "auc"))
    assert (recall.lower, recall.upper) == pytest.approx((0.05522, 0.17437), abs=2e-5)
    assert (auc.lower, auc.upper) == (None, None)  # no mean over requests
    empty = found.slices[1].metrics["mrr_at_10"]
    assert (empty.lower, empty.upper) == (None, None)  # of no request


def test_a_measured_interval_is_no_metric_of_its_own_and_goes_before_the_derived_one():
    found = to_evaluation(
        "list",
        {
            "example_count": {(): 100.0},
            "ndcg_at_10": {(): 0.1},
            "ndcg_at_10_lower": {(): 0.08},
            "ndcg_at_10_upper": {(): 0.12},
            "ndcg_at_10_gain": {(): 0.01},
            "ndcg_at_10_gain_lower": {(): -0.01},
            "ndcg_at_10_gain_upper": {(): 0.03},
            "shop_lower": {(): 0.5},
        },
    )
    assert found.metrics == ("ndcg_at_10", "ndcg_at_10_gain", "shop_lower")
    [overall] = found.slices
    assert overall.metrics["ndcg_at_10"] == Measured(value=0.1, lower=0.08, upper=0.12)
    assert overall.metrics["ndcg_at_10_gain"] == Measured(value=0.01, lower=-0.01, upper=0.03)
