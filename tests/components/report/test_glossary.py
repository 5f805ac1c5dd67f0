"""Metric names in an analyst's words, and numbers as a reader wants them."""

import doctest

import pytest

from components.report import clock, glossary, scales


@pytest.mark.parametrize("module", [clock, glossary, scales])
def test_the_examples_in_the_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("metric", "label", "better"),
    [
        ("ndcg_at_10", "NDCG@10", "higher"),
        ("recall_at_100", "Recall@100", "higher"),
        ("log_loss", "Log loss", "lower"),
        ("calibration", "Calibration", ""),
        ("shop_score_at_5", "Shop score@5", ""),
    ],
)
def test_terms(metric, label, better):
    term = glossary.term(metric)
    assert (term.label, term.better) == (label, better)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (0.0, "0"),
        (-0.25, "-0.2500"),
        (3e-7, "3e-07"),
        (12.3456, "12.35"),
        (2345.678, "2,346"),
        (10**9, "1,000,000,000"),
    ],
)
def test_numbers(value, text):
    assert glossary.number(value) == text


def test_every_known_metric_says_what_it_means():
    known = ("ndcg_at_10", "recall_at_10", "mrr_at_10", "auc", "log_loss", "relative_ece")
    assert all(glossary.known(metric) and glossary.term(metric).meaning for metric in known)
    assert not glossary.known("shop_score")
