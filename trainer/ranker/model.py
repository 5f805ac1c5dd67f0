"""The sequence ranker: target attention, then explicit feature crosses (DCN-v2, WWW 2021)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.aggregates import AggregateInputs, scale_user_values
from trainer.catalogue import Catalogue
from trainer.encoders import FeatureEncoder, ItemEncoder
from trainer.ranker.attention import TargetAttention
from trainer.ranker.loss import BinaryLoss, combined_pair
from trainer.replicas import sum_across_replicas
from trainer.sequences import request_history
from trainer.settings import RankerSettings
from trainer.vocabulary import Vocabulary
from transform import features as keys
from transform.aggregates import Aggregate
from transform.features import Feature, candidate_features, query_features

_DAY_SECONDS = 86_400.0
_FORGOTTEN_EVERY = 20  # about one training row of so many loses its history


class Candidates(NamedTuple):
    """Candidates of requests.

    Attributes:
        ids: int64 [B, C].
        vectors: Their item vectors, float32 [B, C, D].
        item_values: Their item aggregates, float32 [B, C, I].
    """

    ids: tf.Tensor
    vectors: tf.Tensor
    item_values: tf.Tensor


class Ranker(tfrs.models.Model):
    """Scores the candidates of a request, each for itself."""

    def __init__(
        self,
        features: Sequence[Feature],
        aggregates: Sequence[Aggregate],
        vocabulary: Vocabulary,
        catalogue: Catalogue,
        settings: RankerSettings,
        *,
        length: int,
    ) -> None:
        """`length` is the number of history events L that the attention sees."""
        super().__init__()
        self.length = length
        self._declared = tuple(aggregates)
        dimension = settings.dimension
        self.item_encoder = ItemEncoder(
            candidate_features(features),
            vocabulary,
            catalogue,
            dimension,
            hash_buckets=settings.hash_buckets,
            id_shrinkage=settings.id_shrinkage,
        )
        self._aggregates = AggregateInputs(
            aggregates, self.item_encoder.content, vocabulary.features
        )
        self._person = FeatureEncoder(query_features(features), vocabulary, dimension)
        self._attention = TargetAttention(
            dimension, length, vocabulary.event_types, settings.dropout, settings.policy
        )
        self._crosses = [tfrs.layers.dcn.Cross() for _ in range(settings.cross_layers)]
        self._hidden = [
            tf.keras.layers.Dense(n, activation="relu", dtype=settings.policy)
            for n in settings.hidden
        ]
        self._dropout = tf.keras.layers.Dropout(settings.dropout)
        self._binary_loss = BinaryLoss(settings.positive_weight, settings.focal_gamma)
        # Before any training, one item of the catalogue is as likely as another.
        even_odds = self._binary_loss.logit_of(-math.log(max(2, int(catalogue.listed.sum()))))
        self._logit = tf.keras.layers.Dense(
            1, bias_initializer=tf.keras.initializers.Constant(even_odds)
        )
        popularity = np.log1p(catalogue.counts).astype(np.float32)
        self._popularity = tf.Variable(
            popularity / max(1.0, float(popularity.max())), trainable=False, name="popularity"
        )

    def call(self, row: dict[str, Any], training: bool = False) -> tf.Tensor:
        """Logits of the candidates of transformed rows, float32 [B, C].

        They are those of probabilities, whatever loss trains the model.
        """
        return self._binary_loss.true_logits(self._uncorrected(row, training))

    def _uncorrected(self, row: dict[str, Any], training: bool) -> tf.Tensor:
        """The logits that the loss is of: transformed rows -> float32 [B, C]."""
        history = request_history(row, self.length)
        candidates = row[keys.CANDIDATE_ITEM_ID].to_tensor()
        if training:
            kept = _remembered(candidates)
            history = {name: values * kept[:, tf.newaxis] for name, values in history.items()}
            row = scale_user_values(row, self._declared, tf.cast(kept, tf.float32))
        shown = Candidates(
            candidates, self.vectors(candidates, training), self._aggregates.item_values(row)
        )
        events = self.vectors(history["items"], training)
        return self._uncorrected_score(shown, events, history, row, training)

    def vectors(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Item vectors for ids of any shape: [...] -> [..., D]."""
        flat = self.item_encoder(tf.reshape(ids, [-1]), training=training)
        return tf.reshape(flat, tf.concat([tf.shape(ids), [flat.shape[-1]]], axis=0))

    def score(
        self,
        candidates: Candidates,
        events: tf.Tensor,
        history: dict[str, tf.Tensor],
        row: dict[str, Any],
    ) -> tf.Tensor:
        """Logits of probabilities, from vectors that are already looked up.

        Args:
            candidates: What is scored.
            events: Vectors of the history's items, float32 [B, L, D].
            history: See `request_history`.
            row: Transformed query and context features, aggregates, and the request time.

        Returns:
            float32 [B, C].
        """
        return self._binary_loss.true_logits(
            self._uncorrected_score(candidates, events, history, row, training=False)
        )

    def _uncorrected_score(
        self,
        candidates: Candidates,
        events: tf.Tensor,
        history: dict[str, tf.Tensor],
        row: dict[str, Any],
        training: bool,
    ) -> tf.Tensor:
        """What `score` corrects."""
        ids, vectors, item_values = candidates
        attended = self._attention(vectors, events, history, training=training)
        shape = tf.shape(ids)
        context = tf.concat([self._person(row, shape[0]), _clock(row[keys.REQUEST_TIME])], axis=1)
        context = tf.repeat(context, shape[1], axis=0)
        popularity = tf.reshape(tf.gather(self._popularity, ids), [-1, 1])
        matched = _flat(vectors * attended)
        # Attention has to learn what is alike before it can tell; the mean of the history knows it
        # from the first step on, as item-to-item models do (Kabbur et al., FISM, KDD 2013).
        usual = _mean(events, history["items"] > 0)
        resembles = _flat(vectors * usual[:, tf.newaxis])
        aggregates = self._aggregates.columns(row, ids, item_values)
        x = tf.concat(
            [
                *(_flat(vectors), _flat(attended), matched, resembles),
                *(context, popularity, *aggregates),
            ],
            axis=1,
        )
        crossed = x
        for cross in self._crosses:
            crossed = cross(x, crossed)
        deep = self._dropout(crossed, training=training)
        for dense in self._hidden:
            deep = dense(deep)
        # The matches themselves reach the logit directly, however deep the rest.
        logit = self._logit(deep) + tf.reduce_sum(matched + resembles, axis=1, keepdims=True)
        return tf.reshape(logit, shape)

    def compute_loss(self, inputs: dict[str, Any], training: bool = False) -> tf.Tensor:
        """This replica's part of the mean loss over the rows of the global batch."""
        losses = combined_pair(
            inputs[keys.LABEL].to_tensor(),
            self._uncorrected(inputs, training),
            inputs[keys.CANDIDATE_PROBABILITY].to_tensor(),
            self._binary_loss,
        )
        rows = sum_across_replicas(tf.cast(tf.shape(losses)[0], tf.float32))
        return tf.reduce_sum(losses) / rows


def _remembered(candidates: tf.Tensor) -> tf.Tensor:
    """0 for rows whose user is made a newcomer, so that those are no strangers to the model.

    The row itself says whether it is one of them, however the rows are divided over workers.

    Args:
        candidates: Ids, int64 [B, C].

    Returns:
        int64 [B], 1 for the other rows.
    """
    return tf.cast(tf.reduce_sum(candidates, axis=1) % _FORGOTTEN_EVERY > 0, tf.int64)


def _flat(x: tf.Tensor) -> tf.Tensor:
    return tf.reshape(x, [-1, x.shape[-1]])


def _mean(vectors: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
    """Mean of those that are there: [B, L, D] and bool [B, L] -> [B, D]; 0 where none is."""
    weight = tf.cast(present, vectors.dtype)[..., tf.newaxis]
    total = tf.reduce_sum(vectors * weight, axis=1)
    return tf.math.divide_no_nan(total, tf.reduce_sum(weight, axis=1))


def _clock(time: tf.Tensor) -> tf.Tensor:
    """Hour of day and day of week (UTC) as points on circles: int64 [B] -> float32 [B, 4]."""
    days = tf.cast(tf.reshape(time, [-1]), tf.float64) / _DAY_SECONDS
    turns = tf.cast(tf.stack([days % 1.0, (days % 7.0) / 7.0], axis=1), tf.float32)
    angle = 2.0 * math.pi * turns
    return tf.concat([tf.sin(angle), tf.cos(angle)], axis=1)
