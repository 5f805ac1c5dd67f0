"""Metrics of two runs, paired: differences, directions, intervals."""

import pytest

from components.report.comparison.metrics import MetricPair, quality_pairs, slice_pairs
from tests.components.report.comparison.two_runs import earlier, later


def test_every_metric_of_every_slice_of_either_run_all_rows_first():
    pairs = slice_pairs(earlier(), later())
    assert [(p.feature, p.value, p.metric, p.a, p.b) for p in pairs] == [
        ("", "", "ndcg_at_10", 0.05, 0.1),
        ("", "", "auc", 0.8, 0.79),
        ("gender", "F", "ndcg_at_10", 0.04, None),
        ("gender", "F", "auc", 0.8, None),
    ]
    ndcg, auc = pairs[:2]
    assert ndcg.difference == pytest.approx(0.05)
    assert (ndcg.count_a, ndcg.count_b) == (943, 943)
    assert (ndcg.better, auc.better) == (True, False)
    assert (ndcg.apart, auc.apart) == (True, None)
    assert pairs[2].difference is None
    assert pairs[2].better is None


@pytest.mark.parametrize(
    ("metric", "a", "b", "better"),
    [
        ("log_loss", 0.2, 0.1, True),
        ("log_loss", 0.1, 0.2, False),
        ("recall_at_10", 0.1, 0.1, None),
        ("calibration", 1.0, 1.4, None),  # neither end is good by itself
        ("shop_score", 1.0, 1.4, None),  # nobody said which end is good
    ],
)
def test_which_run_is_better(metric, a, b, better):
    assert MetricPair("list", "", "", metric, a, b).better is better


def test_overlapping_intervals_are_not_apart():
    pair = MetricPair(
        "list", "", "", "auc", 0.5, 0.6, interval_a=(0.4, 0.55), interval_b=(0.55, 0.65)
    )
    assert pair.apart is False


def test_recommender_and_baselines_are_paired_by_name():
    pairs = {(p.feature, p.metric): (p.a, p.b) for p in quality_pairs(earlier(), later())}
    assert pairs["item_knn", "ndcg_at_10"] == (0.0921, 0.0921)
    assert len(pairs) == 15


def test_runs_that_measured_nothing_have_no_pairs():
    assert slice_pairs({}, {}) == []
    assert quality_pairs({"quality": None}, {}) == []
