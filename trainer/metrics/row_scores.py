"""TFMA: the candidates of one evaluated row, with labels and scores of one head of the ranker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from tensorflow_model_analysis import constants

from trainer.metrics.repeats import is_repeat
from transform.features import CANDIDATE_PROBABILITY, LABEL

SCORE = "score"


class Head(NamedTuple):
    """One output of the ranker and what it predicts.

    Attributes:
        label: Feature of the rows that holds the labels [C]: `label`, or `label_<event type>`.
        prediction: Output of the signature that holds the scores [B, C].
        repeats: Whether requests for an item that the user has had are measured.
    """

    label: str = LABEL
    prediction: str = SCORE
    repeats: bool = True

    def metric(self, name: str) -> str:
        """What a metric of this head is called: `auc`, `auc_<event type>`."""
        return name + self.label.removeprefix(LABEL)

    def measures(self, extracts: Mapping[str, Any]) -> bool:
        """Whether a row is measured."""
        return self.repeats or not is_repeat(extracts)


class RowScores(NamedTuple):
    """The candidates of one request, all arrays [C].

    Attributes:
        labels: 0 or 1.
        scores: Probabilities of label 1.
        sampled: Probability with which each candidate was sampled.
    """

    labels: npt.NDArray[Any]
    scores: npt.NDArray[Any]
    sampled: npt.NDArray[Any]


def row_scores(extracts: Mapping[str, Any], head: Head, model_name: str) -> RowScores:
    """The candidates of one row; scores beyond them pad a batch to its longest row.

    Args:
        extracts: One row of an evaluation.
        head: Which labels and scores are meant.
        model_name: Which model scored; empty where there is only one.

    Raises:
        ValueError: If label, sampling probability and score do not belong together.
    """
    features = extracts[constants.FEATURES_KEY]
    labels = np.ravel(features.get(head.label, ()))
    sampled = np.ravel(features[CANDIDATE_PROBABILITY])
    predicted = extracts[constants.PREDICTIONS_KEY]
    if model_name:
        predicted = predicted[model_name]
    scores = np.ravel(predicted[head.prediction] if isinstance(predicted, Mapping) else predicted)
    if not labels.size == sampled.size <= scores.size:
        raise ValueError(
            f"A ranking row needs a `{head.label}`, a `{CANDIDATE_PROBABILITY}` and a "
            f"`{head.prediction}` for each candidate. Received: {labels.size} labels, "
            f"{sampled.size} probabilities, {scores.size} scores. Look at the rows and at the "
            "evaluated signature."
        )
    return RowScores(labels, scores[: labels.size], sampled)
