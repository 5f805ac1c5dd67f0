"""Encoders shared by both models: declared features, and items (id and content)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.catalogue import Catalogue
from trainer.hashed_embedding import HashedEmbedding
from trainer.vocabulary import Vocabulary
from transform.features import Feature
from transform.preprocessing import UNKNOWN

_PIECE = 2**16  # rows of a table that are measured at once; all of a large one take its size again


class FeatureEncoder(tf.keras.layers.Layer):
    """Sums the encodings of declared features into one vector.

    A number goes through a dense layer; the values of a category, id or text feature are embedded
    and averaged, and a feature without a value adds nothing.
    """

    def __init__(
        self, features: Sequence[Feature], vocabulary: Vocabulary, dimension: int, **kwargs: Any
    ) -> None:
        """Encodes `features` into `dimension` numbers."""
        super().__init__(**kwargs)
        self._features = list(features)
        self._dimension = dimension
        self._encoders: dict[str, tf.keras.layers.Layer] = {
            f.name: tf.keras.layers.Dense(dimension)
            if f.is_numeric
            else tf.keras.layers.Embedding(vocabulary.features[f.name], dimension)
            for f in self._features
        }

    def call(self, values: dict[str, Any], rows: tf.Tensor) -> tf.Tensor:
        """Encodes transformed values.

        Args:
            values: Feature -> float32 [N, 2], or ids int64 [N, M] (0 = none), dense or ragged.
            rows: N, for the case that no feature is declared.

        Returns:
            float32 [N, dimension].
        """
        total = tf.zeros([rows, self._dimension])
        for feature in self._features:
            encoder, value = self._encoders[feature.name], values[feature.name]
            if feature.is_numeric:
                total += encoder(value)
                continue
            ids = value.to_tensor() if isinstance(value, tf.RaggedTensor) else value
            present = tf.cast(ids > 0, tf.float32)[..., tf.newaxis]
            vectors = tf.reduce_sum(encoder(ids) * present, axis=1)
            total += tf.math.divide_no_nan(vectors, tf.reduce_sum(present, axis=1))
        return total


class ItemEncoder(tf.keras.layers.Layer):
    """Item id and content features to one vector: the candidate tower.

    The id is hidden at random in training (id-dropout), and always for an item without a training
    event, so that content alone gives such an item a vector (DropoutNet, NeurIPS 2017).
    """

    def __init__(
        self,
        features: Sequence[Feature],
        vocabulary: Vocabulary,
        catalogue: Catalogue,
        dimension: int,
        id_dropout: float = 0.0,
        hash_buckets: int = 0,
        id_shrinkage: float = 0.0,
        **kwargs: Any,
    ) -> None:
        """Encodes the items of `catalogue`; `features` are the candidate features.

        With `hash_buckets`, ids share the rows of their table, see `HashedEmbedding`. With
        `id_shrinkage` k, the vector of the id of an item with n training events lies n / (n + k) of
        the way from that of the unknown, which items without an event show, to its own.
        """
        super().__init__(**kwargs)
        self._ids = (
            HashedEmbedding(vocabulary.items, hash_buckets, dimension)
            if hash_buckets
            else tf.keras.layers.Embedding(vocabulary.items, dimension)
        )
        self._content = FeatureEncoder(features, vocabulary, dimension)
        self._id_dropout = id_dropout
        self._known = _table("known", catalogue.counts > 0)
        self._shares = _id_shares(catalogue.counts, id_shrinkage) if id_shrinkage else None
        self._tables = {name: _table(name, rows) for name, rows in catalogue.features.items()}

    def call(self, ids: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Vectors of items: int64 [N] -> float32 [N, D]; padding (id 0) gives some vector too."""
        # A batch names the same items over and over; each is encoded once.
        items, place = tf.unique(ids)
        visible = tf.gather(self._known, items)
        if training:
            visible &= tf.random.uniform(tf.shape(items)) >= self._id_dropout
        content = {name: tf.gather(table, items) for name, table in self._tables.items()}
        shown = tf.where(visible, items, tf.constant(UNKNOWN, tf.int64))
        own = self._ids(shown)
        if self._shares is not None:
            unknown = self._ids(tf.constant([UNKNOWN], tf.int64))
            own = unknown + tf.gather(self._shares, items)[:, tf.newaxis] * (own - unknown)
        vectors = own + self._content(content, tf.shape(items)[0])
        return tf.gather(vectors, place)

    def id_norms(self) -> npt.NDArray[np.float32]:
        """Lengths of the rows of the id table, float32 [V]."""
        table = self._ids.embeddings
        pieces = range(0, table.shape[0], _PIECE)
        norms = [tf.norm(table[at : at + _PIECE], axis=1).numpy() for at in pieces]
        return np.concatenate(norms)

    def content(self, feature: str, ids: tf.Tensor) -> tf.Tensor:
        """A feature of items as the catalogue has it: ids of any shape [...] -> [..., M]."""
        return tf.gather(self._tables[feature], ids)


def _id_shares(counts: npt.NDArray[np.int64], shrinkage: float) -> tf.Variable:
    """How far the own vector of each id counts, float32 [V]."""
    return _table("id_shares", (counts / (counts + shrinkage)).astype(np.float32))


def _table(name: str, rows: Any) -> tf.Variable:
    return tf.Variable(rows, trainable=False, name=name)
