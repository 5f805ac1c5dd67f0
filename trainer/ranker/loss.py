"""The losses of the ranker, and what the minimum of the binary one says of the probability."""

from __future__ import annotations

import math
from dataclasses import dataclass

import tensorflow as tf
from scipy.optimize import brentq

_FAR = 30.0  # from this logit on down, softplus is the exponential, to all digits of a float


@dataclass(frozen=True)
class BinaryLoss:
    """Cross-entropy of single candidates, class-weighted and focal, with its correction.

    With q = sigmoid(logit), weight w and focus g:

        label 1:  w (1 - q)^g * -log(q)
        label 0:      q^g     * -log(1 - q)

    w = 1 and g = 0 is the plain cross-entropy, whose minimum is the probability. A weight lets each
    positive count w times (King and Zeng, Logistic Regression in Rare Events Data, 2001); a focus
    takes weight from the candidates that are told right already (Lin et al., Focal Loss for Dense
    Object Detection, ICCV 2017). The minimum of either is no probability, and `true_logits` leads
    from it to one; both may be set.

    Attributes:
        positive_weight: w, above 0.
        focal_gamma: g, at least 0.
    """

    positive_weight: float = 1.0
    focal_gamma: float = 0.0

    def __call__(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The loss of each candidate.

        Args:
            labels: 0 or 1, of the shape of the logits.
            logits: Of any shape.

        Returns:
            Of the same shape; finite wherever the logits are.
        """
        taken, left = tf.nn.softplus(-logits), tf.nn.softplus(logits)  # -log(q), -log(1 - q)
        if self.focal_gamma:
            taken, left = (
                tf.exp(-self.focal_gamma * left) * taken,
                tf.exp(-self.focal_gamma * taken) * left,
            )
        return self.positive_weight * labels * taken + (1.0 - labels) * left

    def true_logits(self, logits: tf.Tensor) -> tf.Tensor:
        """The logits of the probabilities for which logits minimise this loss.

        Candidates alike, a share p of which has label 1, cost on average
        w p (1 - q)^g * -log(q) + (1 - p) q^g * -log(1 - q). Its derivative by q is 0 where

            p / (1 - p) = q^g (q - g (1 - q) log(1 - q)) / (w (1 - q)^g (1 - q - g q log(q)))

        With z = logit(q) and r(z) = softplus(z) / e^z, which lies between 0 and 1, that is

            logit(p) = (1 + g) z + log(1 + g r(z)) - log(1 + g r(-z)) - log(w)

        It rises with z by at least 1, so candidates keep their order. For w = 1 it is the
        transformation of Charoenphakdee et al., On Focal Loss for Class-Posterior Probability
        Estimation, CVPR 2021, for two classes; for g = 0 the prior correction of King and Zeng.

        Args:
            logits: As the loss has trained them, of any shape.

        Returns:
            Of the same shape.
        """
        if self.focal_gamma:
            above = tf.math.log1p(self.focal_gamma * _softplus_over_exp(logits))
            below = tf.math.log1p(self.focal_gamma * _softplus_over_exp(-logits))
            logits = (1.0 + self.focal_gamma) * logits + above - below
        return logits - math.log(self.positive_weight)

    def logit_of(self, true_logit: float) -> float:
        """The logit to train from which `true_logits` leads to the given one."""

        def missed(logit: float) -> float:
            return float(self.true_logits(tf.constant(logit, tf.float64))) - true_logit

        # 0 leads to -log(w), and every step from there is at least as long in the true logit.
        reach = abs(true_logit + math.log(self.positive_weight)) + 1.0
        return float(brentq(missed, -reach, reach))


def listwise_loss(labels: tf.Tensor, logits: tf.Tensor, probability: tf.Tensor) -> tf.Tensor:
    """-log(share of its list) of each positive, summed over a list: ListNet's cross-entropy.

    The share of candidate i is (s_i / probability_i) / (sum over the list of s_j / probability_j)
    with s = sigmoid(logit): candidates that were left out are put back. A list may have no positive
    (it costs nothing then) or several. Over lists alike the sum is least where s is in proportion
    to the probability of label 1, which is where the binary loss wants it; with the exponential in
    place of the sigmoid, as is usual, it would be the odds, and the two would pull at each other.
    Where some of a list was left out, its shares are estimates, as in any sampled softmax, and the
    minimum is near the probabilities, no longer at them; that of the binary loss still is.

    Source: Bai et al., Regression Compatible Listwise Objectives for Calibrated Ranking with Binary
    Relevance, CIKM 2023. (`tf.nn.softmax_cross_entropy_with_logits` has another gradient than its
    value where the labels of a list do not sum to 1.)

    Args:
        labels: 0 or 1 [B, C].
        logits: Of probabilities [B, C].
        probability: With which each candidate was kept, in (0, 1]; 0 where there is none [B, C].

    Returns:
        [B].
    """
    scores = tf.math.log_sigmoid(logits) - tf.math.log(probability)
    there = tf.where(probability > 0.0, scores, logits.dtype.min)
    return -tf.reduce_sum(labels * tf.nn.log_softmax(there), axis=1)


def log_loss(
    labels: tf.Tensor, logits: tf.Tensor, probability: tf.Tensor, binary: BinaryLoss
) -> tf.Tensor:
    """The binary loss of each list: a candidate counts for all that were left out like it.

    Args:
        labels: 0 or 1 [B, C].
        logits: As the binary loss trains them [B, C].
        probability: With which each candidate was kept, in (0, 1]; 0 where there is none [B, C].
        binary: The loss of a candidate.

    Returns:
        [B].
    """
    stands_for = tf.math.divide_no_nan(1.0, probability)
    return tf.reduce_sum(stands_for * binary(labels, logits), axis=1)


def combined_pair(
    labels: tf.Tensor, logits: tf.Tensor, probability: tf.Tensor, binary: BinaryLoss
) -> tf.Tensor:
    """The loss of each list: the listwise one puts positives first, the binary one says how likely.

    Both speak of all items that could have been candidates, not of those that happened to be kept:
    one that was kept with a probability stands for 1 / probability like it. Weight and focus are
    the binary term's alone: they balance two classes, and a list has one, its positives, each of
    which is held against its own list. The listwise term reads the true logits, so whatever weight
    and focus are, one set of probabilities is the minimum of both.

    Source: Li et al., Click-through Prediction for Advertising in Twitter Timeline, KDD 2015.

    Args:
        labels: 0 or 1 [B, C].
        logits: As the binary loss trains them [B, C].
        probability: With which each candidate was kept, in (0, 1]; 0 where there is none [B, C].
        binary: The loss of a candidate.

    Returns:
        [B].
    """
    listwise = listwise_loss(labels, binary.true_logits(logits), probability)
    return listwise + log_loss(labels, logits, probability, binary)


def _softplus_over_exp(x: tf.Tensor) -> tf.Tensor:
    """softplus(x) / e^x: 1 far below 0, x / e^x far above."""
    x = tf.maximum(x, -_FAR)
    return tf.nn.softplus(x) * tf.exp(-x)
