"""Gains of scores over those of the blessed model, request by request."""

import math

import numpy as np
import pytest

from tests.trainer.metrics.computing import compute
from trainer.metrics import scores
from trainer.metrics.gauc import RequestAuc
from trainer.metrics.paired_score_gains import PairedScoreGains
from trainer.metrics.paired_scores import request_sums, score_gains
from trainer.metrics.ranker_scores import ScoreMetric


def row(labels, candidate, blessed, sampled, user=b"u", label="label"):
    return {
        "predictions": {
            "candidate": {"score": np.array(candidate), "score_click": np.array(candidate)},
            "baseline": {"score": np.array(blessed), "score_click": np.array(blessed)},
        },
        "features": {
            label: np.array(labels, np.float32),
            "candidate_probability": np.array(sampled),
            "user_id": np.array([user], object),
        },
    }


def rows(change, n=300, seed=0, label="label"):
    """Requests with true probabilities as the blessed model's scores; the candidate's differ."""
    generator = np.random.default_rng(seed)
    made = []
    for i in range(n):
        truth = generator.uniform(0.02, 0.4, 8)
        labels = generator.random(8) < truth
        made.append(
            row(labels, change(truth, generator), truth, np.full(8, 0.5), b"u%d" % i, label)
        )
    return made


def gains(extracts, **how):
    return compute(PairedScoreGains(**how), extracts, "score", two=True)


def test_one_request_from_first_principles():
    found = request_sums(
        np.array([1.0, 0.0]), np.array([0.8, 0.5]), np.array([0.5, 0.5]), np.array([1.0, 0.5])
    )
    assert (found.weight, found.labels) == (3.0, 1.0)
    assert (found.scores, found.blessed_scores) == pytest.approx((1.8, 1.5))
    assert found.saved == pytest.approx(math.log(0.8) - math.log(0.5))
    assert (found.ordered, found.auc_gain) == (1.0, 0.5)  # a tie is resolved


def test_a_request_of_one_kind_of_label_has_no_order():
    found = request_sums(np.zeros(2), np.array([0.8, 0.5]), np.array([0.5, 0.4]), np.ones(2))
    assert (found.ordered, found.auc_gain) == (0.0, 0.0)


def test_the_gain_is_the_difference_of_the_metrics():
    extracts = rows(lambda truth, g: np.clip(truth * g.uniform(0.5, 1.5, 8), 0.01, 0.99))
    found = gains(extracts)
    for metric, sign in (("log_loss", -1), ("gauc", 1)):
        of = RequestAuc() if metric == "gauc" else ScoreMetric(metric)
        values = []
        for model in ("candidate", "baseline"):
            single = [{**r, "predictions": r["predictions"][model]} for r in extracts]
            values.append(compute(of, single, "score")[metric])
        assert found[f"{metric}_gain"] == pytest.approx(sign * (values[0] - values[1]))


def test_scores_too_high_by_a_tenth_are_noticed_in_the_calibration():
    found = gains(rows(lambda truth, _: truth * 1.1))
    low = gains(rows(lambda truth, _: truth / 1.1))
    worst = min(found["calibration_gain"], low["calibration_gain"])
    assert worst == pytest.approx(-math.log(1.1), abs=0.05)
    assert found["gauc_gain"] == 0.0


def test_shuffled_scores_are_worse_beyond_noise():
    found = gains(rows(lambda truth, g: g.permutation(truth)))
    assert found["log_loss_gain_upper"] < 0
    assert found["gauc_gain_upper"] < 0


def test_equal_models_have_no_gain():
    found = gains(rows(lambda truth, _: truth))
    assert set(found.values()) == {0.0}


def test_a_score_that_is_no_number_gives_nan():
    found = gains(rows(lambda truth, _: np.full(8, math.nan), n=3))
    assert all(math.isnan(value) for value in found.values())


def test_another_head_is_measured_under_its_own_name():
    extracts = rows(lambda truth, _: truth / 2, label="label_click")
    found = gains(
        extracts, name="paired_scores_click", label="label_click", prediction="score_click"
    )
    assert found["log_loss_click_gain"] < 0
    assert {name.split("_gain")[0] for name in found} == {
        "log_loss_click",
        "gauc_click",
        "calibration_click",
    }


def test_sums_in_any_split_give_the_same():
    extracts = rows(lambda truth, g: g.permutation(truth), n=50)
    one, many = (
        compute(PairedScoreGains(), extracts, "score", bundles=n, two=True) for n in (1, 7)
    )
    assert one == pytest.approx(many, rel=1e-9, abs=1e-12)


def test_log_loss_of_sums_is_that_of_the_histogram():
    labels, p, sampled = np.array([1.0, 0.0]), np.array([0.7, 0.2]), np.array([1.0, 0.25])
    blessed = np.array([0.6, 0.3])
    found = score_gains({0: request_sums(labels, p, blessed, sampled)})["log_loss"].value
    expected = scores.log_loss(scores.histogram(labels, blessed, sampled)) - scores.log_loss(
        scores.histogram(labels, p, sampled)
    )
    assert found == pytest.approx(expected)


def test_without_a_blessed_model_there_is_no_gain():
    single = rows(lambda truth, _: truth, n=1)[0]
    single["predictions"] = single["predictions"]["candidate"]
    assert compute(PairedScoreGains(), [single], "score") == {}
