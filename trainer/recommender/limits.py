"""What a request may not be shown: unlisted and unavailable items, and those that it rules out."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from trainer.bisection import is_among
from trainer.catalogue import Catalogue, always_available
from trainer.recommender.tables import rows_of


@dataclass(frozen=True)
class RuledOut:
    """What requests rule out.

    Attributes:
        ids: Items not to be shown, int64 [B, X], 0 = none; in any order, repeats allowed.
        time: When the lists are shown (unix seconds), int64 [B]; None where nobody knows: then
            every listed item counts as available.
    """

    ids: tf.Tensor
    time: tf.Tensor | None

    def and_also(self, ids: tf.Tensor) -> RuledOut:
        """The same requests, which rule out more items: int64 [B, Y]."""
        return RuledOut(tf.concat([self.ids, ids], axis=1), self.time)


class Limits(tf.Module):
    """Which items may be shown at all, and when; one row an item id."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Takes the limits of the catalogue."""
        super().__init__()
        self.listed = tf.Variable(catalogue.listed, trainable=False, name="listed")
        available = catalogue.available
        # Most catalogues have no such times; their graphs then hold no comparison with them.
        self.timed = bool((available != always_available(len(available))).any())
        self.available = tf.Variable(available, trainable=False, name="available")

    def allow(self, ids: tf.Tensor, ruled_out: RuledOut) -> tf.Tensor:
        """Whether items may be shown to the requests: int64 [B, N] -> bool [B, N]."""
        allowed = rows_of(self.listed, ids) & ~is_among(ids, ruled_out.ids)
        if self.timed and ruled_out.time is not None:
            allowed &= in_time(rows_of(self.available, ids), ruled_out.time)
        return allowed


def in_time(available: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
    """Whether items are available.

    Args:
        available: From when on and before when, int64 [B or 1, N, 2].
        time: int64 [B].

    Returns:
        bool [B, N].
    """
    now = time[:, tf.newaxis]
    return (available[..., 0] <= now) & (now < available[..., 1])
