"""The two-tower retriever on TensorFlow Recommenders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.catalogue import Catalogue
from trainer.encoders import ItemEncoder
from trainer.replicas import gather_across_replicas, sum_across_replicas
from trainer.sequences import request_history, window_history
from trainer.settings import RetrieverSettings
from trainer.two_tower.loss import Drawn, full_softmax, sampled_softmax
from trainer.two_tower.negatives import in_batch_items, sampling_probability, uniform_items
from trainer.two_tower.query_tower import QueryTower
from trainer.vocabulary import Vocabulary
from transform import features as keys
from transform.features import Feature, candidate_features, query_features
from transform.preprocessing import FIRST_ID

_INITIAL_SCALE = 10.0


class TwoTower(tfrs.models.Model):
    """Query tower against candidate tower, trained with a softmax.

    Every position of a training window is a query whose positive is the next item. Candidates are
    all items of the catalogue, where those are no more than a batch has positions; else they are
    sampled: of the positives of the whole global batch, and uniform items, with logits corrected
    for how often they are drawn (logQ) and without accidental hits. Scores are cosines times a
    learned scale (an inverse temperature).
    """

    def __init__(
        self,
        features: Sequence[Feature],
        vocabulary: Vocabulary,
        catalogue: Catalogue,
        settings: RetrieverSettings,
        *,
        length: int,
        seed: int,
    ) -> None:
        """`length` is the number of history events L that the query tower sees."""
        super().__init__()
        self.length = length
        self._features = list(features)
        self._settings = settings
        self._items = vocabulary.items
        self._seed = seed
        self.item_tower = ItemEncoder(
            candidate_features(features),
            vocabulary,
            catalogue,
            settings.dimension,
            settings.id_dropout,
            settings.hash_buckets,
        )
        self.query_tower = QueryTower(query_features(features), vocabulary, settings, length)
        self.log_scale = tf.Variable(np.log(_INITIAL_SCALE), dtype=tf.float32, name="log_scale")
        total = max(1, int(catalogue.counts.sum()))
        self._frequency = tf.Variable(
            (catalogue.counts / total).astype(np.float32), trainable=False, name="frequency"
        )

    def item_vectors(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Candidate vectors of unit length: int64 [N] -> float32 [N, D]."""
        return tf.math.l2_normalize(self.item_tower(ids, training=training), axis=-1)

    def queries(
        self,
        history: dict[str, tf.Tensor],
        row: dict[str, Any],
        training: bool = False,
        *,
        last: bool = False,
    ) -> tf.Tensor:
        """Query vectors at every position of the history, float32 [B, L, D]; or at the last."""
        ids = history["items"]
        vectors = self.item_vectors(tf.reshape(ids, [-1]), training)
        vectors = tf.reshape(vectors, [-1, ids.shape[1], self._settings.dimension])
        features = {f.name: row[f.name] for f in query_features(self._features)}
        return self.query_tower(vectors, history, features, training=training, last=last)

    def call(self, row: dict[str, Any], training: bool = False) -> tf.Tensor:
        """Query vectors of requests: transformed rows -> float32 [B, D]."""
        return self.queries(request_history(row, self.length), row, training, last=True)[:, -1]

    def compute_loss(self, inputs: dict[str, Any], training: bool = False) -> tf.Tensor:
        """This replica's part of the mean softmax loss over the global batch."""
        history, targets = window_history(inputs, self.length)
        queries = tf.reshape(self.queries(history, inputs, training), [-1, self._dimension])
        # One query more a row asks as a newcomer would, so that a request without history is not
        # a stranger to the model.
        queries = tf.concat([queries, self._newcomers(inputs, training)], axis=0)
        targets = tf.concat([tf.reshape(targets, [-1]), targets[:, -1]], axis=0)
        valid = targets > 0
        asked = tf.boolean_mask(queries, valid) * tf.exp(self.log_scale)
        if self._settings.is_full_softmax(self._items - FIRST_ID, self.length):
            known = self.item_vectors(tf.range(FIRST_ID, self._items, dtype=tf.int64), training)
            total = full_softmax(asked, known, tf.boolean_mask(targets, valid) - FIRST_ID)
        else:
            total = self._sampled(asked, targets, training)
        asking = sum_across_replicas(tf.reduce_sum(tf.cast(valid, tf.float32)))
        return tf.math.divide_no_nan(total, asking)

    def _sampled(self, asked: tf.Tensor, targets: tf.Tensor, training: bool) -> tf.Tensor:
        """The sampled softmax of the queries, the i-th of which has the i-th target above 0."""
        settings, step = self._settings, self.optimizer.iterations
        # What the queries of all replicas ask for may be a candidate of each.
        everyone = gather_across_replicas(targets)
        in_batch = in_batch_items(
            tf.boolean_mask(everyone, everyone > 0), settings.in_batch_negatives, self._seed, step
        )
        uniform = uniform_items(settings.uniform_negatives, self._items, self._seed, step)
        ids, _, times = tf.unique_with_counts(tf.sort(tf.concat([in_batch, uniform], axis=0)))
        own = tf.boolean_mask(targets, targets > 0)
        items = tf.concat([own, ids], axis=0)
        probability = sampling_probability(
            tf.gather(self._frequency, items),
            tf.shape(in_batch)[0],
            settings.uniform_negatives,
            self._items,
        )
        drawn = (items, self.item_vectors(items, training), probability)
        sizes = [tf.shape(own)[0], tf.shape(ids)[0]]
        positives, candidates = zip(*(tf.split(part, sizes) for part in drawn), strict=True)
        return sampled_softmax(asked, Drawn(*positives), Drawn(*candidates), times)

    def _newcomers(self, row: dict[str, Any], training: bool) -> tf.Tensor:
        """Queries of the rows' users with their history taken away, float32 [B, D]."""
        empty = tf.zeros([row[keys.HISTORY_ITEM_ID].nrows(), 1], tf.int64)
        history = {"items": empty, "event_types": empty, "gaps": empty}
        return self.queries(history, row, training, last=True)[:, -1]

    @property
    def _dimension(self) -> int:
        return self._settings.dimension
