"""The candidates to which a composed recommender's scores are fitted, and the fitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.aggregates import scale_user_values
from trainer.calibration import Calibration, fit_calibration
from trainer.recommender.limits import is_among
from trainer.recommender.model import Recommender
from trainer.sequences import without_history
from trainer.settings import RecommenderSettings
from transform import features as keys
from transform.aggregates import Aggregate
from transform.preprocessing import FIRST_ID


class Judged(NamedTuple):
    """Candidates of N held-out requests, C at most.

    Attributes:
        signals: What is known of each [N, C, F].
        valid: Which places hold a candidate [N, C].
        taken: Which candidates were taken [N, C].
    """

    signals: npt.NDArray[np.float32]
    valid: npt.NDArray[np.bool_]
    taken: npt.NDArray[np.bool_]


def calibrate(
    recommender: Recommender, rows: list[dict[str, Any]], settings: RecommenderSettings
) -> Calibration:
    """Fits the calibration.

    Args:
        recommender: Of parts that have not seen the rows.
        rows: Transformed held-out requests, or lists that were shown, as the settings say.
        settings: Of the composed path.
    """
    if settings.fits_shown_lists:
        shown = shown_candidates(recommender, rows, settings)
        return fit_calibration(*shown, in_order_shown=True)
    return fit_calibration(*held_out_candidates(recommender, rows, settings))


def newcomer(row: dict[str, Any], aggregates: Sequence[Aggregate]) -> dict[str, Any]:
    """The same requests from people of whom nothing is known yet."""
    nothing = tf.zeros_like(row[keys.REQUEST_TIME], tf.float32)
    return scale_user_values(without_history(row), aggregates, nothing)


def held_out_candidates(
    recommender: Recommender, rows: list[dict[str, Any]], settings: RecommenderSettings
) -> Judged:
    """The candidates that held-out requests get.

    Where seen items are not shown, requests for one are left out: a score then is the probability
    that an item is the next *new* one.
    """
    candidates = tf.function(recommender.candidates, reduce_retracing=True, autograph=False)
    found = []
    for row in rows:
        target = tf.reshape(row[keys.TARGET_ITEM_ID], [-1, 1])
        nothing_excluded = tf.zeros_like(target)
        ids, valid, signals = candidates(row, nothing_excluded, tf.constant(settings.candidates))
        again = tf.reduce_any(row[keys.HISTORY_ITEM_ID].to_tensor() == target, axis=1)
        asked = ~again.numpy() if settings.exclude_seen else slice(None)
        parts = (signals.numpy(), valid.numpy(), (ids == target).numpy())
        found.append([part[asked] for part in parts])
    return _joined(found)


def shown_candidates(
    recommender: Recommender, rows: list[dict[str, Any]], settings: RecommenderSettings
) -> Judged:
    """What users were shown, in its order, and what they took of it.

    What the recommender would not show says nothing of its scores: items that it does not know, and
    where seen items are not shown, these.
    """
    signals = tf.function(recommender.signals, reduce_retracing=True, autograph=False)
    longest = max(int(row[keys.CANDIDATE_ITEM_ID].bounding_shape()[1]) for row in rows)
    shape = [None, longest]
    found = []
    for row in rows:
        ids = row[keys.CANDIDATE_ITEM_ID].to_tensor(shape=shape)
        taken = row[keys.LABEL].to_tensor(shape=shape) > 0.0
        valid = ids >= FIRST_ID
        if settings.exclude_seen:
            valid &= ~is_among(ids, row[keys.HISTORY_ITEM_ID].to_tensor())
        found.append([signals(row, ids).numpy(), valid.numpy(), taken.numpy()])
    return _joined(found)


def _joined(batches: list[list[npt.NDArray[Any]]]) -> Judged:
    return Judged(*(np.concatenate(parts) for parts in zip(*batches, strict=True)))
