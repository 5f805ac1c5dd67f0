"""Metric names in an analyst's words."""

import pytest

from components.report import glossary


@pytest.mark.parametrize(
    ("metric", "label", "better"),
    [
        ("ndcg_at_10", "NDCG@10", "higher"),
        ("recall_at_100", "Recall@100", "higher"),
        ("log_loss", "Log loss", "lower"),
        ("calibration", "Calibration", ""),
        ("ndcg_at_10_gain", "NDCG@10, gain over the blessed model", ""),
        ("ndcg_at_10_gain_lower", "NDCG@10, gain over the blessed model, lower end", ""),
        ("shop_score_at_5", "Shop score@5", ""),
    ],
)
def test_terms(metric, label, better):
    term = glossary.term(metric)
    assert (term.label, term.better) == (label, better)


def test_every_known_metric_says_what_it_means():
    known = ("ndcg_at_10", "recall_at_10", "mrr_at_10", "auc", "log_loss", "relative_ece")
    assert all(glossary.known(metric) and glossary.term(metric).meaning for metric in known)
    assert not glossary.known("shop_score")


def test_what_is_derived_stands_beside_its_metric():
    metrics = ["auc", "ndcg_at_10_gain", "recall_at_10", "ndcg_at_10"]
    ordered = sorted(metrics, key=glossary.rank)
    assert ordered == ["ndcg_at_10", "ndcg_at_10_gain", "recall_at_10", "auc"]
    assert glossary.known("ndcg_at_10_gain_upper")
