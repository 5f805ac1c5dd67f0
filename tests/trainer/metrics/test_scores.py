import itertools
import math

import numpy as np
import pytest

from trainer.metrics import scores


def _sample(seed=0, size=4000):
    """Labels drawn with the probability that the scores say."""
    generator = np.random.default_rng(seed)
    p = generator.beta(0.5, 20.0, size)
    return (generator.random(size) < p).astype(float), p


def test_auc_counts_ordered_pairs():
    labels, p = [1, 0, 1, 0, 0], [0.9, 0.8, 0.5, 0.5, 0.1]
    # Of 2 x 3 pairs: 0.9 is above all three; 0.5 is above one, equal to one, below one.
    h = scores.histogram(labels, p, np.ones(5))
    assert scores.auc(h) == pytest.approx((3 + 1 + 0.5) / 6)


def test_auc_tells_small_probabilities_apart():
    h = scores.histogram([1, 0], [2e-5, 1e-5], np.ones(2))
    assert scores.auc(h) == 1.0


def test_auc_near_the_exact_one():
    labels, p = _sample()
    exact = np.mean(p[labels == 1][:, None] > p[labels == 0][None, :])
    assert scores.auc(scores.histogram(labels, p, np.ones(len(p)))) == pytest.approx(
        exact, abs=2e-3
    )


def test_values_from_first_principles():
    labels, p, sampled = np.array([1.0, 0, 0]), np.array([0.5, 0.25, 0.1]), [1.0, 0.5, 0.25]
    h = scores.histogram(labels, p, sampled)
    w = np.array([1.0, 2.0, 4.0])  # 1 / probability of being sampled
    losses = -np.log([0.5, 0.75, 0.9])
    assert scores.mean_label(h) == pytest.approx(1 / 7)
    assert scores.mean_prediction(h) == pytest.approx((0.5 + 0.5 + 0.4) / 7)
    assert scores.calibration(h) == pytest.approx(1.4)
    assert scores.log_loss(h) == pytest.approx((w * losses).sum() / 7)
    entropy = -(1 / 7 * math.log(1 / 7) + 6 / 7 * math.log(6 / 7))
    assert scores.normalised_entropy(h) == pytest.approx(scores.log_loss(h) / entropy)


def test_weights_undo_the_sampling():
    labels, p = _sample(size=200_000)
    generator = np.random.default_rng(1)
    chance = np.where(labels == 1, 1.0, np.clip(p * 5, 0.02, 1.0))
    kept = generator.random(len(p)) < chance
    h = scores.histogram(labels[kept], p[kept], chance[kept])
    assert scores.mean_label(h) == pytest.approx(labels.mean(), rel=0.03)
    assert scores.calibration(h) == pytest.approx(1.0, abs=0.05)
    without = scores.histogram(labels[kept], p[kept], np.ones(kept.sum()))
    assert scores.calibration(without) < 0.8  # what would be seen without weights


def test_calibration_and_ece_notice_scores_that_promise_too_much():
    labels, p = _sample(size=200_000)
    ones = np.ones(len(p))
    right = scores.histogram(labels, p, ones)
    tenth_too_high = scores.histogram(labels, np.minimum(p * 1.1, 1.0), ones)
    assert scores.calibration(right) == pytest.approx(1.0, abs=0.03)
    ratio = scores.calibration(tenth_too_high) / scores.calibration(right)
    assert ratio == pytest.approx(1.1, abs=0.001)
    assert scores.relative_ece(right, 10) < 0.05
    assert scores.relative_ece(tenth_too_high, 10) == pytest.approx(0.1, abs=0.05)


def test_ece_notices_errors_that_cancel_out():
    labels, p = _sample(size=200_000)
    flat = np.full(len(p), labels.mean())
    flat[p > 0.1] = 0.0  # promises nothing where most happens, and the mean elsewhere
    flat *= labels.mean() / flat.mean()
    h = scores.histogram(labels, flat, np.ones(len(p)))
    assert scores.calibration(h) == pytest.approx(1.0, abs=0.02)
    assert scores.relative_ece(h, 10) > 0.4


def test_reliability_bins_cover_everything_once():
    labels, p = _sample()
    h = scores.histogram(labels, p, np.ones(len(p)))
    bins = scores.reliability(h, 10)
    assert 1 < len(bins) <= 10
    assert sum(b.weight for b in bins) == pytest.approx(len(p))
    assert sum(b.labels for b in bins) == pytest.approx(labels.sum())
    assert all(b.lower <= b.scores / b.weight < b.upper for b in bins)
    assert all(a.upper <= b.lower for a, b in itertools.pairwise(bins))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, 1.1])
def test_a_score_that_is_no_probability_makes_every_metric_nan(bad):
    h = scores.histogram([1, 0, 0], [0.5, bad, 0.1], np.ones(3))
    for metric in (scores.auc, scores.log_loss, scores.calibration, scores.normalised_entropy):
        assert math.isnan(metric(h)), metric
    assert math.isnan(scores.relative_ece(h, 10))


def test_certain_and_wrong_is_finite():
    h = scores.histogram([1, 0], [0.0, 1.0], np.ones(2))
    assert 10 < scores.log_loss(h) < 20


@pytest.mark.parametrize("bad", [0.0, -1.0, 1.5, math.nan])
def test_a_sampling_probability_must_be_one(bad):
    with pytest.raises(ValueError, match=r"above 0 and at most 1\. Received: .*candidate_prob"):
        scores.histogram([1, 0], [0.5, 0.5], [1.0, bad])


def test_one_kind_of_label_has_no_order_and_no_entropy():
    h = scores.histogram([0, 0], [0.2, 0.3], np.ones(2))
    assert math.isnan(scores.auc(h))
    assert math.isnan(scores.normalised_entropy(h))
    assert math.isnan(scores.calibration(h))


def test_histograms_add_up():
    labels, p = _sample(size=1000)
    whole = scores.histogram(labels, p, np.ones(1000))
    parts: scores.Histogram = {}
    for i in range(0, 1000, 100):
        part = slice(i, i + 100)
        scores.add(parts, scores.histogram(labels[part], p[part], np.ones(100)))
    assert scores.auc(parts) == scores.auc(whole)
    assert scores.log_loss(parts) == pytest.approx(scores.log_loss(whole), abs=1e-12)


def test_ece_is_the_mean_distance_in_15_bins_of_equal_width():
    # Two bins: promised 0.1 and 0.5; happened 0 of 2 and 2 of 2.
    found = scores.ece(scores.histogram([0, 0, 1, 1], [0.1, 0.1, 0.5, 0.5], [1, 1, 1, 1]))
    assert found == pytest.approx((0.2 + 1.0) / 4)


def test_ece_of_calibrated_scores_is_small_and_grows_with_overconfidence():
    generator = np.random.default_rng(5)
    truth = generator.uniform(0, 0.5, 20_000)
    labels = generator.random(20_000) < truth
    calibrated, too_high = (
        scores.ece(scores.histogram(labels, truth * factor, np.ones(20_000))) for factor in (1, 1.4)
    )
    assert calibrated < 0.012
    assert too_high == pytest.approx(0.1, abs=0.015)


def test_ece_without_candidates_or_with_nan_scores_is_nan():
    assert math.isnan(scores.ece({}))
    assert math.isnan(scores.ece(scores.histogram([1], [math.nan], [1.0])))
