"""The candidates to which a composed recommender's scores are fitted, and the fitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.aggregates import scale_user_values
from trainer.calibration import Calibration, at_rate, fit_calibration
from trainer.recommender.model import Recommender
from trainer.sequences import is_repeat, is_seen, without_history
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

    def of(self, some: npt.NDArray[np.bool_]) -> Judged:
        """Those of some of the requests, bool [N]."""
        return Judged(self.signals[some], self.valid[some], self.taken[some])

    def of_these_if_any_took(self, some: npt.NDArray[np.bool_]) -> Judged:
        """Those of some of the requests; of all where none of them took anything."""
        chosen = self.of(some)
        return chosen if (chosen.taken & chosen.valid).any() else self


class HeldOut(NamedTuple):
    """Batches of transformed rows of the validation period.

    Attributes:
        requests: What users did next.
        shown: Lists that they were shown, and what they took.
    """

    requests: list[dict[str, Any]]
    shown: list[dict[str, Any]]


def by_requests(
    recommender: Recommender,
    rows: list[dict[str, Any]],
    aggregates: Sequence[Aggregate],
    settings: RecommenderSettings,
) -> dict[str, Calibration]:
    """Calibrations of newcomers and of the others by what held-out requests took next.

    Args:
        recommender: Of parts that have not seen the rows.
        rows: Batches of requests.
        aggregates: Declared aggregates.
        settings: Of the composed path.
    """
    found, asked = _candidates(recommender, rows, settings), _asked(rows, settings)
    known = found.of(asked).of_these_if_any_took(_has_history(rows)[asked])
    return {
        "newcomers": _of_newcomers(recommender, rows, aggregates, settings),
        "known": fit_calibration(*known),
    }


def by_shown_lists(
    recommender: Recommender,
    rows: HeldOut,
    aggregates: Sequence[Aggregate],
    settings: RecommenderSettings,
) -> dict[str, Calibration]:
    """The same by what was taken of shown lists.

    A list was made for what its user had done. With that hidden, what was shown and clicked seems
    to be for everybody: by such lists newcomers would be shown what only some like. So requests say
    how their candidates are ordered, and lists only how much is taken.
    """
    has_history = _has_history(rows.shown)
    shown = shown_candidates(recommender, rows.shown, settings).of_these_if_any_took(has_history)
    known = fit_calibration(*shown, in_order_shown=True)
    ordered = _of_newcomers(recommender, rows.requests, aggregates, settings)
    strangers = [newcomer(row, aggregates) for row in rows.shown]
    first = shown_candidates(recommender, strangers, settings).of_these_if_any_took(~has_history)
    return {"newcomers": at_rate(ordered, *first), "known": known}


def _of_newcomers(
    recommender: Recommender,
    rows: list[dict[str, Any]],
    aggregates: Sequence[Aggregate],
    settings: RecommenderSettings,
) -> Calibration:
    """What the same requests took, with nothing known of who asks."""
    strangers = [newcomer(row, aggregates) for row in rows]
    # Whether they ask for something again, their own histories say.
    asked = _asked(rows, settings)
    return fit_calibration(*_candidates(recommender, strangers, settings).of(asked))


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
    return _candidates(recommender, rows, settings).of(_asked(rows, settings))


def _candidates(
    recommender: Recommender, rows: list[dict[str, Any]], settings: RecommenderSettings
) -> Judged:
    candidates = tf.function(recommender.candidates, reduce_retracing=True, autograph=False)
    found = []
    for row in rows:
        target = tf.reshape(row[keys.TARGET_ITEM_ID], [-1, 1])
        nothing_excluded = tf.zeros_like(target)
        ids, valid, signals = candidates(row, nothing_excluded, tf.constant(settings.candidates))
        found.append([signals.numpy(), valid.numpy(), (ids == target).numpy()])
    return _joined(found)


def _asked(rows: list[dict[str, Any]], settings: RecommenderSettings) -> npt.NDArray[np.bool_]:
    """Which requests lists may answer, [N]: where seen items are not shown, those for a new one."""
    repeats: npt.NDArray[np.bool_] = np.concatenate([is_repeat(row).numpy() for row in rows])
    return ~repeats if settings.exclude_seen else np.ones_like(repeats)


def _has_history(rows: list[dict[str, Any]]) -> npt.NDArray[np.bool_]:
    """Which requests come from somebody of whom something is known, [N]."""
    lengths = [row[keys.HISTORY_ITEM_ID].row_lengths().numpy() for row in rows]
    known: npt.NDArray[np.bool_] = np.concatenate(lengths) > 0
    return known


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
            valid &= ~is_seen(row, ids)
        found.append([signals(row, ids).numpy(), valid.numpy(), taken.numpy()])
    return _joined(found)


def _joined(batches: list[list[npt.NDArray[Any]]]) -> Judged:
    return Judged(*(np.concatenate(parts) for parts in zip(*batches, strict=True)))
