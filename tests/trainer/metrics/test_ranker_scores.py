"""The TFMA metrics and the plot of the candidates' scores."""

import math

import numpy as np
import pytest

from tests.trainer.metrics.computing import compute
from trainer.metrics import scores
from trainer.metrics.ranker_scores import ScoreMetric
from trainer.metrics.reliability_diagram import ReliabilityDiagram

LABELS, SCORES, SAMPLED = [1.0, 0.0, 0.0], [0.5, 0.25, 0.1], [1.0, 0.5, 0.25]


def row(labels=LABELS, predicted=SCORES, sampled=SAMPLED):
    return {
        "predictions": {"score": np.array(predicted, np.float64)},
        "features": {
            "label": np.array(labels, np.float32),
            "candidate_probability": np.array(sampled, np.float64),
        },
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("auc", 1.0),
        ("mean_label", 1 / 7),
        ("mean_prediction", 1.4 / 7),
        ("calibration", 1.4),
        ("log_loss", -(math.log(0.5) + 2 * math.log(0.75) + 4 * math.log(0.9)) / 7),
    ],
)
def test_values(name, expected):
    found = compute(ScoreMetric(name), [row()] * 5, "score")
    assert found == {name: pytest.approx(expected)}
    assert type(found[name]) is float


def test_equal_to_the_formula_on_all_candidates_together():
    generator = np.random.default_rng(3)
    labels = (generator.random((50, 8)) < 0.2).astype(float)
    predicted, sampled = generator.random((50, 8)), generator.uniform(0.1, 1, (50, 8))
    rows = [row(*values) for values in zip(labels, predicted, sampled, strict=True)]
    together = scores.histogram(labels.ravel(), predicted.ravel(), sampled.ravel())
    for name in ("auc", "log_loss", "normalised_entropy", "calibration"):
        expected = getattr(scores, name)(together)
        for bundles in (1, 3):
            found = compute(ScoreMetric(name), rows, "score", bundles=bundles)
            assert found == {name: pytest.approx(expected, rel=1e-12)}


def test_padding_of_a_batch_is_not_scored():
    padded = row(predicted=[*SCORES, 0.0, 0.0])
    assert compute(ScoreMetric("log_loss"), [padded], "score") == compute(
        ScoreMetric("log_loss"), [row()], "score"
    )


def test_fewer_scores_than_candidates_are_refused():
    with pytest.raises(ValueError, match="3 labels, 3 probabilities, 2 scores"):
        compute(ScoreMetric("auc"), [row(predicted=[0.5, 0.1])], "score")


def test_a_nan_score_is_nan_and_no_error():
    found = compute(
        ScoreMetric("calibration"), [row(), row(predicted=[0.5, math.nan, 0.1])], "score"
    )
    assert math.isnan(found["calibration"])


def test_unknown_metric():
    with pytest.raises(ValueError, match=r"must be one of auc, log_loss.* Received: 'aux'"):
        ScoreMetric("aux")


def test_another_head_reads_its_own_labels_and_scores():
    other = row()
    other["features"]["label_click"] = np.array([0.0, 0.0, 1.0], np.float32)
    other["predictions"]["score_click"] = np.array([0.2, 0.3, 0.9])
    metric = ScoreMetric("auc_click", metric="auc", label="label_click", prediction="score_click")
    assert compute(metric, [other], "score") == {"auc_click": 1.0}


def test_rows_without_the_labels_of_a_head_are_refused():
    metric = ScoreMetric("auc_click", metric="auc", label="label_click")
    with pytest.raises(ValueError, match=r"needs a `label_click`.*Received: 0 labels"):
        compute(metric, [row()], "score")


def test_reliability_diagram():
    proto = compute(ReliabilityDiagram(bins=5), [row()] * 4, "score")["reliability"]
    assert sum(b.total_weighted_label.value for b in proto.buckets) == pytest.approx(4)
    assert sum(b.num_weighted_examples.value for b in proto.buckets) == pytest.approx(28)
    total = sum(b.total_weighted_refined_prediction.value for b in proto.buckets)
    assert total == pytest.approx(5.6)
