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
from trainer.sequences import is_seen
from transform import features as keys

_METRIC_K = 10
_PLAIN = BinaryLoss()  # whatever loss trains the model: its logits are of probabilities
_SAME = 1e-5  # logits that are no further apart are the same, but for rounding


class Validation:
    """What the held-out requests say of a ranker, the more the better.

    It is NDCG@10 among their candidates, or minus the log loss of a request: the sum over all its
    candidates, each of which stands for those that were left out like it. Where lists leave out
    what was seen, seen items are no candidates, and requests that took nothing else do not count.
    """

    def __init__(
        self, model: Ranker, rows: list[dict[str, Any]], keep: str, *, exclude_seen: bool
    ) -> None:
        """Measures `model` on batches of held-out rows.

        Args:
            model: The ranker.
            rows: The batches.
            keep: That of `RankerSettings`.
            exclude_seen: That of `RecommenderSettings`.
        """
        self._rows = rows
        self._exclude_seen = exclude_seen
        self._likely = keep == "probabilities"
        self._score = tf.function(model.call, reduce_retracing=True)
        self._spreads = np.zeros(0, np.float32)

    def __call__(self) -> float:
        """Measures the model as it is."""
        ranks, spreads, losses = [], [], []
        for row in self._rows:
            logits, candidates = self._score(row).numpy(), row[keys.CANDIDATE_ITEM_ID]
            real = tf.sequence_mask(candidates.row_lengths(), logits.shape[1]).numpy()
            held = real
            if self._exclude_seen:
                held = real & ~is_seen(row, candidates.to_tensor()).numpy()
            ranks.append(ranks_of_positives(logits, row, held))
            spreads.append(_spreads(logits, real)[real.sum(axis=1) > 1])
            if self._likely:
                losses.append(_log_losses(logits, row, held))
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
        real: Which places hold a candidate that counts [B, C].

    Returns:
        [N], N the rows with a positive.
    """
    positive = (row[keys.LABEL].to_tensor().numpy() > 0.0) & real
    some = positive.any(axis=1)
    best = np.where(positive, logits, -np.inf).max(axis=1, keepdims=True)
    before = ~(logits < best) & real & ~positive
    ranks: npt.NDArray[np.int64] = before.sum(axis=1)[some]
    return ranks


def _log_losses(
    logits: npt.NDArray[np.float32], row: dict[str, Any], held: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """The loss of each row over the candidates held [B, C]; without rows that took others alone."""
    label, probability = (row[key].to_tensor() for key in (keys.LABEL, keys.CANDIDATE_PROBABILITY))
    losses = log_loss(label, logits, tf.where(held, probability, 0.0), _PLAIN).numpy()
    took = label.numpy() > 0.0
    chosen: npt.NDArray[np.float32] = losses[~took.any(axis=1) | (took & held).any(axis=1)]
    return chosen


def _spreads(
    logits: npt.NDArray[np.float32], real: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """How far the scores of each row's candidates are apart."""
    highest = np.where(real, logits, -np.inf).max(axis=1)
    spreads: npt.NDArray[np.float32] = highest - np.where(real, logits, np.inf).min(axis=1)
    return spreads
