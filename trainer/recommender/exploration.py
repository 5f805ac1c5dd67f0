"""Exploration: in a small share of lists, one of the best items is moved by chance.

What users would do with a list that nobody shows them cannot be learned from a log. So a list of S
places is drawn thus: with probability `share`, one of the best R candidates and one of the S places
are drawn, both evenly; the candidate moves to the place, and the others keep their order. Otherwise
the list stays as it is ranked.

With that, every one of the R best may stand at every place, and how probable it is there has a
closed form: no weight of an off-policy estimate that stays among them exceeds `R * S / share`.

Chance comes from a hash of the request: one that is repeated gets the same list, from every server
of the model, whatever other requests it shares a batch with.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

_BUCKETS = 1 << 30
# Keys of the three draws; which list a request gets follows from them.
_WHETHER, _WHICH, _WHERE = ([number, 0x5EED] for number in range(3))


class Drawn(NamedTuple):
    """Lists as they are drawn.

    Attributes:
        rank: Which of the ranked candidates stands at each place, from 0; int32 [B, K].
        propensity: Probability that it stands there, float32 [B, K]; 0 at places that hold nothing.
    """

    rank: tf.Tensor
    propensity: tf.Tensor


def draw(request: tf.Tensor, ranked: tf.Tensor, count: tf.Tensor, share: float) -> Drawn:
    """Draws the lists of requests.

    Args:
        request: What tells requests apart, string [B].
        ranked: R of each, int32 [B]; the lists' own items are among them.
        count: Length of the lists K, int32 [].
        share: Share of lists in which a candidate is moved, 0 to 1.
    """
    filled = tf.minimum(ranked, count)
    moves = round(share * _BUCKETS)
    # Of so many buckets, the remainders are even up to a millionth.
    which = _hash(request, _WHICH) % tf.maximum(ranked, 1)
    where = _hash(request, _WHERE) % tf.maximum(filled, 1)
    moved = _ranks_after(which, where, count)
    place = tf.range(count)[tf.newaxis]
    explores = (_hash(request, _WHETHER) < moves) & (ranked > 0)
    rank = tf.where(explores[:, tf.newaxis], moved, place)
    return Drawn(rank, propensity(rank, ranked, count, moves / _BUCKETS))


def propensity(rank: tf.Tensor, ranked: tf.Tensor, count: tf.Tensor, share: float) -> tf.Tensor:
    """Probability that `draw` puts a candidate at its place.

    Of the R * S moves, n put the candidate of rank i at place k (both from 1 here):

        itself, to there                                      1
        i = k      one from above to above, or below to below  (k - 1)^2 + (R - k)(S - k)
        i = k + 1  one from above, to below                    k (S - k)
        i = k - 1  one from below, to above                    (R - k + 1)(k - 1)

    Args:
        rank: Of the candidate at each place, from 0; int32 [B, K].
        ranked: As for `draw`; R.
        count: Length of the lists K.
        share: As for `draw`.

    Returns:
        float32 [B, K]; 0 at places beyond S, which hold nothing.
    """
    i = tf.cast(rank + 1, tf.float32)
    k = tf.cast(tf.range(count) + 1, tf.float32)[tf.newaxis]
    r = tf.cast(ranked, tf.float32)[:, tf.newaxis]
    s = tf.minimum(r, tf.cast(count, tf.float32))
    stays = tf.cast(i == k, tf.float32)
    moves = (
        1.0
        + stays * ((k - 1.0) ** 2 + (r - k) * (s - k))
        + tf.cast(i == k + 1.0, tf.float32) * k * (s - k)
        + tf.cast(i == k - 1.0, tf.float32) * (r - k + 1.0) * (k - 1.0)
    )
    chance = (1.0 - share) * stays + share * tf.math.divide_no_nan(moves, r * s)
    return tf.where(k <= s, chance, 0.0)


def _ranks_after(which: tf.Tensor, where: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Ranks at the places once one is moved: int32 [B], [B] -> [B, count]."""
    which, where = which[:, tf.newaxis], where[:, tf.newaxis]
    place = tf.range(count)[tf.newaxis]
    # The others, in their order: those below the place stand one further down, those that ranked
    # below the moved one have moved up.
    other = place - tf.cast(place > where, tf.int32)
    other += tf.cast(other >= which, tf.int32)
    return tf.where(place == where, which, other)


def _hash(request: tf.Tensor, key: list[int]) -> tf.Tensor:
    """int32 [B], from 0 to `_BUCKETS` - 1, evenly."""
    return tf.cast(tf.strings.to_hash_bucket_strong(request, _BUCKETS, key), tf.int32)
