"""The composed path as one graph: retrieve, exclude, rank, calibrate, diversify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.calibration import Calibration
from trainer.catalogue import Catalogue
from trainer.ranker.model import Candidates, Ranker
from trainer.recommender.diversity import diversified
from trainer.recommender.exploration import draw
from trainer.recommender.index import ExactIndex, Index, Search
from trainer.recommender.limits import Limits, RuledOut
from trainer.recommender.sources import Votes, co_view_votes
from trainer.recommender.tables import CoView, item_vectors, rows_of
from trainer.sequences import request_history, take_last
from trainer.settings import RecommenderSettings
from trainer.two_tower.model import TwoTower
from transform import features as keys
from transform.features import Feature, query_features

# What every recommender combines; the declared aggregates of items stand behind these.
SIGNALS = ("ranker", "retriever", "co_view", "popularity", "new")


@dataclass(frozen=True)
class Parts:
    """What the recommender is made of."""

    retriever: TwoTower
    ranker: Ranker
    catalogue: Catalogue
    co_view: CoView
    co_view_decay: float
    settings: RecommenderSettings
    features: Sequence[Feature]


class _Asked(NamedTuple):
    """Requests, as the sources see them."""

    query: tf.Tensor
    search: Search
    votes: Votes


class Recommender(tf.Module):
    """Transformed requests in, calibrated lists of item ids (integers) out."""

    def __init__(self, parts: Parts) -> None:
        """Computes the item vectors of both models once and keeps them as the index."""
        super().__init__()
        items = len(parts.catalogue.counts)
        self._settings = parts.settings
        self._decay = parts.co_view_decay
        self._query_names = [f.name for f in query_features(parts.features)]
        self._retriever, self._ranker = parts.retriever, parts.ranker
        self._length = parts.retriever.length
        self.vectors = _constant("vectors", item_vectors(self._retriever.item_vectors, items))
        self.ranker_vectors = _constant("ranker_vectors", item_vectors(self._ranker.vectors, items))
        self._item_values = _constant("item_aggregates", parts.catalogue.aggregates)
        self._limits = Limits(parts.catalogue)
        self.exact = ExactIndex(self.vectors, self._limits)
        counts = parts.catalogue.counts
        self._popularity = _constant("log_popularity", np.log1p(counts).astype(np.float32))
        self._new = _constant("new", (counts == 0).astype(np.float32))
        self._followers = _constant("followers", parts.co_view.followers)
        self._weights = _constant("follower_weights", parts.co_view.weights)
        self._index: Index = self.exact
        signals = len(SIGNALS) + parts.catalogue.aggregates.shape[1]
        self._calibration = _constant("calibration", np.zeros((2, signals + 1), np.float32))

    @property
    def explores(self) -> bool:
        """Whether the settings ask for exploration."""
        return self._settings.exploration > 0.0

    @property
    def index(self) -> Index:
        """What is searched."""
        return self._index

    def set_index(self, index: Index) -> None:
        """Searches by another index over the vectors of the exact one."""
        self._index = index

    def set_calibration(self, newcomers: Calibration, known: Calibration) -> None:
        """Takes over fitted calibrations: of requests without any history, and of the others."""
        rows = [np.append(c.slope * np.array(c.weights), c.offset) for c in (newcomers, known)]
        self._calibration.assign(np.stack(rows).astype(np.float32))

    def query(self, row: dict[str, Any]) -> tf.Tensor:
        """Query vectors of requests, float32 [B, D], of unit length."""
        history = request_history(row, self._length)
        vectors = rows_of(self.vectors, history["items"])
        features = {name: row[name] for name in self._query_names}
        return self._retriever.query_tower(vectors, history, features, last=True)[:, -1]

    def recommend(
        self, row: dict[str, Any], exclude: tf.Tensor, top_k: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        """The composed path.

        Args:
            row: Transformed requests.
            exclude: Ids of items that the caller rules out, int64 [B, E], 0 = none.
            top_k: Length of the lists, int32 [].

        Returns:
            Ids int64 [B, K] (0 where nothing is left), probabilities and retrieval scores
            float32 [B, K]; by probability, best first, unless the settings ask for diversity.
        """
        return _padded(self._ranked(row, exclude, top_k, top_k), top_k)

    def explored(
        self, row: dict[str, Any], exclude: tf.Tensor, top_k: tf.Tensor, request: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        """The composed path with exploration, as the settings ask for it.

        Args:
            row: As for `recommend`.
            exclude: As for `recommend`.
            top_k: As for `recommend`.
            request: What tells the requests apart, string [B].

        Returns:
            What `recommend` returns, and the probability that each item stands at its place,
            float32 [B, K]; 0 where nothing is left.
        """
        depth = tf.maximum(top_k, self._settings.exploration_depth)
        shown, *others = self._ranked(row, exclude, top_k, depth)
        found = tf.reduce_sum(tf.cast(shown > 0, tf.int32), axis=1)
        count = tf.minimum(top_k, tf.shape(shown)[1])
        drawn = draw(request, found, count, self._settings.exploration)
        lists = [tf.gather(part, drawn.rank, batch_dims=1) for part in (shown, *others)]
        return _padded((*lists, drawn.propensity), top_k)

    def rank(self, row: dict[str, Any], candidates: tf.Tensor) -> tf.Tensor:
        """Probabilities of given candidates: ids int64 [B, C] -> float32 [B, C]."""
        return self._probability(row, self.signals(row, candidates))

    def signals(self, row: dict[str, Any], candidates: tf.Tensor) -> tf.Tensor:
        """Signals of given candidates, see `_signals`: int64 [B, C] -> float32 [B, C, F]."""
        return self._signals(row, candidates, self._ask(row))

    def similar(
        self, ids: tf.Tensor, top_k: tf.Tensor, now: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Nearest items by cosine.

        Args:
            ids: Items, int64 [B].
            top_k: Length of the lists, int32 [].
            now: When the lists are shown (unix seconds), int64 [].

        Returns:
            Ids int64 [B, K], and cosines float32 [B, K].
        """
        vectors = rows_of(self.vectors, ids)
        count = tf.minimum(top_k, tf.shape(self.vectors)[0])
        itself = RuledOut(ids[:, tf.newaxis], tf.fill(tf.shape(ids), now))
        near, found = self._index.search(vectors).best(itself, count)
        cosine = tf.linalg.matvec(rows_of(self.vectors, near), vectors)
        missing = [[0, 0], [0, top_k - count]]
        scores = tf.where(found, cosine, 0.0)
        return tf.pad(tf.where(found, near, 0), missing), tf.pad(scores, missing)

    def candidates(
        self, row: dict[str, Any], exclude: tf.Tensor, top_k: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Candidates of all sources, each once.

        Exclusion comes before retrieval, and the two-tower source alone brings `top_k` items, so
        a list is short only where the catalogue has no more to give.

        Returns:
            Ids int64 [B, C]; bool [B, C], False where a place is empty;
            signals float32 [B, C, F], see `_signals`.
        """
        asked = self._ask(row)
        ruled_out = RuledOut(exclude, tf.reshape(row[keys.REQUEST_TIME], [-1]))
        if self._settings.exclude_seen:
            ruled_out = ruled_out.and_also(row[keys.HISTORY_ITEM_ID].to_tensor())
        share = self._settings.candidates // len(self._settings.sources)
        items = tf.shape(self.vectors)[0]
        found = []
        for source in self._settings.sources:
            if source == "two_tower":
                count = tf.minimum(tf.maximum(top_k, share), items)
                ids, valid = asked.search.best(ruled_out, count)
            else:
                count = tf.minimum(share, items)
                ids, valid = asked.votes.best(self._limits, ruled_out, count)
            found.append((ids, valid))
            ruled_out = ruled_out.and_also(tf.where(valid, ids, 0))
        ids, valid = (tf.concat(parts, axis=1) for parts in zip(*found, strict=True))
        return ids, valid, self._signals(row, ids, asked)

    def _ranked(
        self, row: dict[str, Any], exclude: tf.Tensor, top_k: tf.Tensor, depth: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        """The best candidates in order: ids, probabilities and retrieval scores, [B, N] each.

        N is `depth`, or less where there are not so many candidates. 0 where nothing is left.
        """
        ids, valid, signals = self.candidates(row, exclude, top_k)
        probability = tf.where(valid, self._probability(row, signals), -1.0)
        count = tf.minimum(depth, tf.shape(ids)[1])
        top, place = self._best(ids, probability, count)
        shown = tf.where(top >= 0.0, tf.gather(ids, place, batch_dims=1), 0)
        retrieval = tf.gather(signals[..., SIGNALS.index("retriever")], place, batch_dims=1)
        return shown, tf.maximum(top, 0.0), tf.where(shown > 0, retrieval, 0.0)

    def _best(
        self, ids: tf.Tensor, probability: tf.Tensor, count: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Probabilities and places of the candidates shown, [B, count] each."""
        strength = self._settings.diversity
        if strength == 0.0:
            return tuple(tf.math.top_k(probability, count))
        place = diversified(probability, rows_of(self.vectors, ids), count, strength)
        return tf.gather(probability, place, batch_dims=1), place

    def _ask(self, row: dict[str, Any]) -> _Asked:
        """Begins the search of each source."""
        query = self.query(row)
        history = take_last(row[keys.HISTORY_ITEM_ID], self._length)
        votes = co_view_votes(history, self._followers, self._weights, self._decay)
        return _Asked(query, self._index.search(query), votes)

    def _signals(self, row: dict[str, Any], ids: tf.Tensor, asked: _Asked) -> tf.Tensor:
        """What the calibration combines: `SIGNALS`, then the aggregates of the items, [B, C, F].

        The retriever's signal is the logarithm of its softmax over the listed items: unlike the
        score itself, it can be compared between requests. Aggregates are signals of their own, not
        only the ranker's: what is taken just now changes faster than a model learns it, and how
        much that says is asked of the latest requests. An item that training never saw is not one
        that nobody wants: what it is worth is no point on the line of the popularity.
        """
        history = request_history(row, self._length)
        item_values = tf.gather(self._item_values, ids)
        logits = self._ranker.score(
            Candidates(ids, tf.gather(self.ranker_vectors, ids), item_values),
            tf.gather(self.ranker_vectors, history["items"]),
            history,
            row,
        )
        scale = tf.exp(self._retriever.log_scale)
        retrieval = scale * tf.linalg.matvec(rows_of(self.vectors, ids), asked.query)
        signals = [
            logits,
            retrieval - asked.search.log_normaliser(scale),
            tf.math.log1p(asked.votes.of(ids)),
            tf.gather(self._popularity, ids),
            tf.gather(self._new, ids),
        ]
        return tf.concat([tf.stack(signals, axis=-1), item_values], axis=-1)

    def _probability(self, row: dict[str, Any], signals: tf.Tensor) -> tf.Tensor:
        known = tf.cast(row[keys.HISTORY_ITEM_ID].row_lengths() > 0, tf.int32)
        fitted = tf.gather(self._calibration, known)[:, tf.newaxis]
        return tf.sigmoid(tf.reduce_sum(signals * fitted[..., :-1], axis=-1) + fitted[..., -1])


def _padded(lists: Sequence[tf.Tensor], top_k: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Lists [B, N], each with 0 behind it up to the length asked for."""
    missing = [[0, 0], [0, top_k - tf.shape(lists[0])[1]]]
    return tuple(tf.pad(part, missing) for part in lists)


def _constant(name: str, values: npt.NDArray[Any]) -> tf.Variable:
    return tf.Variable(values, trainable=False, name=name)
