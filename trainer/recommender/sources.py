"""Candidate sources beside the index: votes of the recent history (sequential rules)."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from trainer.bisection import find
from trainer.recommender.limits import Limits, RuledOut

RECENT_EVENTS = 20  # events of the history that vote for their followers


class Votes(NamedTuple):
    """What each request's history votes for: as many entries as votes, not as items.

    Attributes:
        items: Item ids in ascending order, int64 [B, N]; an item once for each vote that it got.
        totals: All votes of that item, float32 [B, N].
    """

    items: tf.Tensor
    totals: tf.Tensor

    def of(self, ids: tf.Tensor) -> tf.Tensor:
        """Votes of any items: int64 [B, C] -> float32 [B, C]."""
        place, found = find(ids, self.items)
        return tf.where(found, tf.gather(self.totals, place, batch_dims=1), 0.0)

    def best(
        self, limits: Limits, ruled_out: RuledOut, count: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The items with most votes that may be shown.

        Returns:
            Ids int64 [B, count], and bool [B, count]: whether the place holds one.
        """
        first = self.items != tf.pad(self.items[:, :-1], [[0, 0], [1, 0]])
        allowed = first & (self.totals > 0.0) & limits.allow(self.items, ruled_out)
        # There may be fewer votes than places.
        missing = [[0, 0], [0, tf.maximum(count - tf.shape(self.items)[1], 0)]]
        votes = tf.pad(tf.where(allowed, self.totals, 0.0), missing)
        totals, place = tf.math.top_k(votes, count)
        return tf.gather(tf.pad(self.items, missing), place, batch_dims=1), totals > 0.0


def co_view_votes(
    history: tf.Tensor, followers: tf.Tensor, weights: tf.Tensor, decay: float
) -> Votes:
    """Votes of the recent history for what followed its items elsewhere.

    Args:
        history: Item ids, int64 [B, L], padded with 0 on the left.
        followers: See `CoView`, int64 [V, M].
        weights: float32 [V, M].
        decay: Weight of an event relative to the one after it.
    """
    recent = history[:, -RECENT_EVENTS:]
    events = tf.shape(recent)[1]
    age = tf.cast(tf.range(events - 1, -1, -1), tf.float32)
    vote = tf.gather(weights, recent) * tf.pow(decay, age)[tf.newaxis, :, tf.newaxis]
    rows, votes = tf.shape(recent)[0], events * followers.shape[1]
    target = tf.reshape(tf.gather(followers, recent), [rows, votes])
    order = tf.argsort(target, axis=1, stable=True)
    items = tf.gather(target, order, batch_dims=1)
    votes_of_items = tf.gather(tf.reshape(vote, [rows, votes]), order, batch_dims=1)
    return Votes(items, _totals(items, votes_of_items))


def _totals(items: tf.Tensor, votes: tf.Tensor) -> tf.Tensor:
    """Sum of the votes of each run of equal items, at every place of the run; float32 [B, N]."""
    rows, length = tf.shape(items)[0], tf.shape(items)[1]
    begins = tf.cast(items[:, 1:] != items[:, :-1], tf.int32)
    run = tf.pad(tf.cumsum(begins, axis=1), [[0, 0], [1, 0]])
    run += length * tf.range(rows)[:, tf.newaxis]
    return tf.gather(tf.math.unsorted_segment_sum(votes, run, rows * length), run)
