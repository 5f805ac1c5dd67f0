"""How good a ranker is on the held-out requests, and whether it tells candidates apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.collapse import FEWEST_REQUESTS
from trainer.fitting import ndcg_of_ranks
from trainer.ranker.loss import BinaryLoss, log_loss
from trainer.ranker.model import Ranker
from transform import features as keys

_METRIC_K = 10
_PLAIN = BinaryLoss()  # whatever loss trains the model: its logits are of probabilities
_SAME = 1e-5  # logits that are no further apart are the same, but for rounding


class Validation:
    """What the held-out requests say of a ranker, the more the better.

    It is NDCG@10 among their candidates, or minus the log loss of a request: the sum over all its
    candidates, each of which stands for those that were left out like it.
    """

    def __init__(self, model: Ranker, rows: list[dict[str, Any]], keep: str) -> None:
        """Measures `model` on batches of held-out rows; `keep` is that of `RankerSettings`."""
        self._rows = rows
        self._likely = keep == "probabilities"
        self._score = tf.function(model.call, reduce_retracing=True)
        self._spreads = np.zeros(0, np.float32)

    def __call__(self) -> float:
        """Measures the model as it is."""
        ranks, spreads, losses = [], [], []
        for row in self._rows:
            logits, candidates = self._score(row).numpy(), row[keys.CANDIDATE_ITEM_ID]
            real = tf.sequence_mask(candidates.row_lengths(), logits.shape[1]).numpy()
            ranks.append(ranks_of_positives(logits, row, real))
            spreads.append(_spreads(logits, real)[real.sum(axis=1) > 1])
            if self._likely:
                label, probability = row[keys.LABEL], row[keys.CANDIDATE_PROBABILITY]
                losses.append(log_loss(label.to_tensor(), logits, probability.to_tensor(), _PLAIN))
        self._spreads = np.concatenate(spreads)
        if self._likely:
            return -float(np.concatenate(losses).mean())
        return ndcg_of_ranks(np.concatenate(ranks), _METRIC_K)

    def alike(self) -> float | None:
        """Share of the requests, as measured last, whose candidates all have the same score.

        Returns:
            None where requests are too few to tell.
        """
        if len(self._spreads) < FEWEST_REQUESTS:
            return None
        return float((self._spreads <= _SAME).mean())


def ranks_of_positives(
    logits: npt.NDArray[np.float32], row: dict[str, Any], real: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Rank of each row's best positive among its negatives, 0 for the best.

    A list that was shown may have several positives, or none: such a row says nothing, and is left
    out. A negative that scores like the positive stands before it, and so does one whose score is
    no number: a model that tells nothing apart is not perfect.

    Args:
        logits: Of rows padded to the longest of them [B, C].
        row: The rows.
        real: Which places hold a candidate [B, C].

    Returns:
        [N], N the rows with a positive.
    """
    positive = row[keys.LABEL].to_tensor().numpy() > 0.0
    some = positive.any(axis=1)
    best = np.where(positive, logits, -np.inf).max(axis=1, keepdims=True)
    before = ~(logits < best) & real & ~positive
    ranks: npt.NDArray[np.int64] = before.sum(axis=1)[some]
    return ranks


def _spreads(
    logits: npt.NDArray[np.float32], real: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """How far the scores of each row's candidates are apart."""
    highest = np.where(real, logits, -np.inf).max(axis=1)
    spreads: npt.NDArray[np.float32] = highest - np.where(real, logits, np.inf).min(axis=1)
    return spreads
