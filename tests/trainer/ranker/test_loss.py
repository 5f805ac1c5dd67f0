"""Tests of the ranker's losses: values by hand, and probabilities that stay true."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError
from scipy.optimize import minimize

from trainer.ranker.loss import BinaryLoss, combined_pair, listwise_loss
from trainer.settings import RankerSettings

PLAIN = BinaryLoss()
LOSSES = [PLAIN, BinaryLoss(5.0), BinaryLoss(0.2), BinaryLoss(1.0, 2.0), BinaryLoss(5.0, 2.0)]
UNLIKE = LOSSES[1:]
# Of the items of a list to get label 1.
TRUTH = np.array([0.01, 0.05, 0.15, 0.35, 0.6])

Risk = Callable[[tf.Tensor], tf.Tensor]


def sigmoid(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-np.asarray(z)))


def minimum(risk: Risk) -> tf.Tensor:
    """The logit of each item that minimises a risk."""

    @tf.function
    def slope(logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = risk(logits)
        return value, tape.gradient(value, logits)

    def found(z: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = slope(tf.constant(z))
        return float(value), gradient.numpy()

    exact = {"ftol": 1e-15, "gtol": 1e-8}
    start = np.full(len(TRUTH), -1.0)
    return tf.constant(minimize(found, start, jac=True, method="L-BFGS-B", options=exact).x)


def error(logits: tf.Tensor) -> float:
    """The largest error of a probability, relative to it."""
    return float(np.abs(sigmoid(logits) / TRUTH - 1.0).max())


class Lists:
    """All that can become of a list, and how likely each is: the risk is exact.

    An item gets label 1 with its probability, and one with label 0 stays with the probability
    `kept`.
    """

    def __init__(self, kept: float = 1.0) -> None:
        fates = range(2 if kept == 1.0 else 3)
        fate = np.array(list(itertools.product(fates, repeat=len(TRUTH))))
        left = 1.0 - TRUTH
        likely = np.choose(fate, [TRUTH, left * kept, left * (1.0 - kept)])
        self.labels = tf.constant(fate == 0, tf.float64)
        self.likely = tf.constant(likely.prod(axis=1))
        self.probability = tf.constant(np.choose(fate, [1.0, kept, 0.0]))

    def minimum(self, loss: Callable[..., tf.Tensor]) -> tf.Tensor:
        """Of a loss of labels, logits and probabilities to stay."""

        def risk(logits: tf.Tensor) -> tf.Tensor:
            spread = tf.zeros_like(self.labels) + logits
            losses = loss(self.labels, spread, self.probability)
            return tf.tensordot(self.likely, losses, 1)

        return minimum(risk)


@functools.cache
def minimum_of_pair(binary: BinaryLoss, kept: float = 1.0) -> tf.Tensor:
    return Lists(kept).minimum(lambda *inputs: combined_pair(*inputs, binary))


def alone(binary: BinaryLoss) -> Callable[..., tf.Tensor]:
    """The binary part of the pair."""

    def loss(labels: tf.Tensor, logits: tf.Tensor, probability: tf.Tensor) -> tf.Tensor:
        true_logits = binary.true_logits(logits)
        return combined_pair(labels, logits, probability, binary) - listwise_loss(
            labels, true_logits, probability
        )

    return loss


def test_the_binary_loss_is_what_its_formula_says() -> None:
    q = 1.0 / (1.0 + math.exp(-0.7))
    taken, left = BinaryLoss(3.0, 2.0)(tf.constant([1.0, 0.0]), tf.constant([0.7, 0.7])).numpy()
    assert taken == pytest.approx(-3.0 * (1.0 - q) ** 2 * math.log(q), rel=1e-6)
    assert left == pytest.approx(-(q**2) * math.log(1.0 - q), rel=1e-6)


def test_without_weight_and_focus_it_is_the_cross_entropy() -> None:
    logits, labels = tf.constant([-3.0, 0.0, 5.0] * 2), tf.constant([0.0] * 3 + [1.0] * 3)
    plain = tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)
    np.testing.assert_allclose(PLAIN(labels, logits), plain, rtol=1e-6)
    np.testing.assert_array_equal(PLAIN.true_logits(logits), logits)


def test_a_weight_moves_the_logit_by_its_logarithm() -> None:
    true_logits = BinaryLoss(5.0).true_logits(tf.constant([-2.0, 0.0, 3.0])).numpy()
    np.testing.assert_allclose(true_logits, np.array([-2.0, 0.0, 3.0]) - math.log(5.0), rtol=1e-6)


def test_the_listwise_loss_is_the_positives_shares_of_what_the_list_stood_for() -> None:
    """Kept with probability 1/4, a candidate counts four times; an empty place counts nothing."""
    logits = tf.constant([[0.0, math.log(3.0), -1.0, 9.0]])  # probabilities 1/2, 3/4, ...
    labels = tf.constant([[1.0, 1.0, 0.0, 0.0]])
    probability = tf.constant([[1.0, 1.0, 0.25, 0.0]])
    whole = 0.5 + 0.75 + 4.0 * sigmoid(-1.0)
    loss = float(listwise_loss(labels, logits, probability)[0])
    assert loss == pytest.approx(-math.log(0.5 / whole) - math.log(0.75 / whole), rel=1e-6)


def test_a_list_without_a_positive_moves_no_logit_listwise() -> None:
    logits = tf.constant([[0.5, -1.0, 2.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = listwise_loss(tf.zeros([1, 3]), logits, tf.ones([1, 3]))
    np.testing.assert_array_equal(loss, [0.0])
    np.testing.assert_array_equal(tape.gradient(loss, logits), np.zeros((1, 3)))


@pytest.mark.parametrize("binary", LOSSES)
def test_probabilities_are_true(binary: BinaryLoss) -> None:
    assert error(binary.true_logits(minimum_of_pair(binary))) < 1e-4


@pytest.mark.parametrize("binary", LOSSES)
def test_probabilities_are_true_of_all_candidates_where_some_were_left_out(
    binary: BinaryLoss,
) -> None:
    exact = binary.true_logits(Lists(kept=0.4).minimum(alone(binary)))
    assert error(exact) < 1e-4
    # A share of a list is an estimate where some of the list was left out.
    both = binary.true_logits(minimum_of_pair(binary, kept=0.4))
    assert error(both) < 0.2
    assert sigmoid(both).mean() == pytest.approx(TRUTH.mean(), rel=0.01)


@pytest.mark.parametrize("binary", UNLIKE)
def test_without_the_correction_they_would_not_be(binary: BinaryLoss) -> None:
    logits = minimum_of_pair(binary)
    assert error(logits) > 0.5
    assert sigmoid(logits).mean() != pytest.approx(TRUTH.mean(), rel=0.3)


def test_without_the_probabilities_to_stay_they_would_not_be() -> None:
    def as_kept(labels: tf.Tensor, logits: tf.Tensor, probability: tf.Tensor) -> tf.Tensor:
        return combined_pair(labels, logits, tf.math.ceil(probability), PLAIN)

    assert error(Lists(kept=0.4).minimum(as_kept)) > 0.5


def test_beside_a_softmax_of_the_logits_they_would_not_be() -> None:
    """It would ask for odds where the binary loss asks for probabilities."""

    def usual(labels: tf.Tensor, logits: tf.Tensor, probability: tf.Tensor) -> tf.Tensor:
        shares = tf.nn.log_softmax(logits)
        return tf.reduce_sum(PLAIN(labels, logits) - labels * shares, axis=1)

    assert error(Lists().minimum(usual)) > 0.1


@pytest.mark.parametrize("binary", LOSSES)
def test_the_start_of_a_training_is_found(binary: BinaryLoss) -> None:
    for true_logit in (-14.0, -1.0, 0.0, 2.5):
        logit = tf.constant(binary.logit_of(true_logit))
        assert float(binary.true_logits(logit)) == pytest.approx(true_logit, abs=1e-5)


@pytest.mark.parametrize("binary", LOSSES)
def test_the_order_of_candidates_stays(binary: BinaryLoss) -> None:
    true_logits = binary.true_logits(tf.linspace(-50.0, 50.0, 2001)).numpy()
    assert np.diff(true_logits).min() > 0.99 * 0.05


@pytest.mark.parametrize("binary", LOSSES)
def test_extreme_logits_leave_losses_and_gradients_finite(binary: BinaryLoss) -> None:
    far = [31.0, 90.0, 200.0, 1e4, 1e30]
    logits = tf.constant([[*far, 0.0, *(-z for z in far)]])
    probability = tf.constant([[1e-6] + [1.0] * 9 + [0.0]])
    for label in (0.0, 1.0):
        labels = tf.fill([1, 11], label) * tf.cast(probability > 0.0, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = combined_pair(labels, logits, probability, binary)
        for values in (loss, tape.gradient(loss, logits), binary.true_logits(logits)):
            assert np.isfinite(values).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"positive_weight": 0.0},
        {"positive_weight": -2.0},
        {"positive_weight": math.nan},
        {"positive_weight": math.inf},
        {"focal_gamma": -0.5},
        {"focal_gamma": math.nan},
        {"focal_gamma": 11.0},
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        RankerSettings(**wrong)
