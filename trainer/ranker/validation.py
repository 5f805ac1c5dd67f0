"""How well a ranker promises on the held-out requests, and whether it tells candidates apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.collapse import FEWEST_REQUESTS
from trainer.metrics.scores import Histogram, add, histogram, normalised_entropy
from trainer.ranker.model import Ranker
from transform import features as keys

_SAME = 1e-5  # logits that are no further apart are the same, but for rounding


class Validation:
    """The information gain of a ranker's probabilities on the held-out requests."""

    def __init__(self, model: Ranker, rows: list[dict[str, Any]]) -> None:
        """Measures `model` on batches of held-out rows."""
        self._rows = rows
        self._score = tf.function(model.call, reduce_retracing=True)
        self._spreads = np.zeros(0, np.float32)

    def __call__(self) -> float:
        """Measures the model as it is.

        Returns:
            1 - normalised entropy: 1 for a prophet, 0 for the mean label. All that was left out of
            the rows by chance is put back, as in the loss. NaN where a score is no number, or all
            labels are alike.
        """
        sums: Histogram = {}
        spreads = []
        for row in self._rows:
            logits, candidates = self._score(row).numpy(), row[keys.CANDIDATE_ITEM_ID]
            real = tf.sequence_mask(candidates.row_lengths(), logits.shape[1]).numpy()
            promised = tf.sigmoid(logits[real].astype(np.float64)).numpy()
            labels, kept = (
                row[name].flat_values.numpy() for name in (keys.LABEL, keys.CANDIDATE_PROBABILITY)
            )
            add(sums, histogram(labels, promised, kept))
            spreads.append(_spreads(logits, real)[real.sum(axis=1) > 1])
        self._spreads = np.concatenate(spreads)
        return 1.0 - normalised_entropy(sums)

    def alike(self) -> float | None:
        """Share of the requests, as measured last, whose candidates all have the same score.

        Returns:
            None where requests are too few to tell.
        """
        if len(self._spreads) < FEWEST_REQUESTS:
            return None
        return float((self._spreads <= _SAME).mean())


def _spreads(
    logits: npt.NDArray[np.float32], real: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """How far the scores of each row's candidates are apart."""
    highest = np.where(real, logits, -np.inf).max(axis=1)
    spreads: npt.NDArray[np.float32] = highest - np.where(real, logits, np.inf).min(axis=1)
    return spreads
