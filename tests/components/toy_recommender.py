"""A tiny recommender with the whole serving contract, and rows for it: what the gates are tried on.

Items stand in a ring: after item i comes item i + 1. A `good` model knows that; the others are the
negative controls of the gates.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.records import record
from trainer.metrics.item_table import ItemTable
from transform.preprocessing import FIRST_ID

ITEMS = 40
CANDIDATES = 8
DIMENSION = 24
SEGMENTS = ("north", "south")

QUERY = {
    "user_id": tf.TensorSpec([None], tf.string),
    "history_item_id": tf.TensorSpec([None, None], tf.string),
    "history_event_type": tf.TensorSpec([None, None], tf.string),
    "history_time": tf.TensorSpec([None, None], tf.int64),
    "request_time": tf.TensorSpec([None], tf.int64),
    "segment": tf.TensorSpec([None], tf.string),
}


def item_id(index: int) -> str:
    return f"i{index % ITEMS:03d}"


class ToyRecommender(tf.Module):
    """Retrieval by the vector of the item that follows the last one of the history.

    Args:
        kind: `good`; `shuffled` follows a wrong ring, `forgetful` does so for every third item;
            `collapsed` scores alike for everybody; `overconfident` ranks well, with probabilities
            far too high.
        skew: Added to the query embedding, to plant a difference between training and serving.
        forgets_seen: Leaves seen items in the lists.
        segments: The vocabulary of the feature `segment`; another order than that of the training
            plants another feature, which the toy's embedding does not show.
    """

    def __init__(
        self,
        kind: str = "good",
        *,
        skew: float = 0.0,
        forgets_seen: bool = False,
        segments: tuple[str, ...] = SEGMENTS,
    ):
        super().__init__()
        generator = np.random.default_rng(7)
        vectors = generator.normal(size=(ITEMS + 1, DIMENSION)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors[0] = 0.0
        follower = np.r_[0, np.arange(2, ITEMS + 1), 1]
        if kind == "shuffled":
            follower[1:] = generator.permutation(follower[1:])
        if kind == "forgetful":
            follower[3::3] = generator.permutation(follower[3::3])
        if kind == "collapsed":
            follower[:] = 3
        self.vectors = tf.Variable(vectors)
        self.follower = tf.constant(follower, tf.int64)
        self.names = tf.constant(["", *map(item_id, range(ITEMS))])
        self.offset = 0.2 if kind == "overconfident" else 0.75
        self.skew, self.forgets_seen = skew, forgets_seen
        self.segments = tf.constant(segments)
        values = tf.range(1, ITEMS + 1, dtype=tf.int64)
        self.ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(self.names[1:], values), 0
        )

    def query(self, history_ids: tf.Tensor) -> tf.Tensor:
        """int64 [B, H], 0 where padding or unknown -> float32 [B, D]."""
        steps = tf.range(1, tf.shape(history_ids)[1] + 1) * tf.cast(history_ids > 0, tf.int32)
        last = tf.maximum(tf.reduce_max(steps, axis=1) - 1, 0)
        ids = tf.gather(history_ids, last, batch_dims=1)
        return tf.gather(self.vectors, tf.gather(self.follower, ids))

    def probability(self, dots: tf.Tensor) -> tf.Tensor:
        return tf.sigmoid(20.0 * (dots - self.offset))

    def top(self, history: tf.Tensor, exclude: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        query = self.query(self.ids.lookup(history))
        dots = tf.matmul(query, self.vectors[1:], transpose_b=True)
        hidden = exclude if self.forgets_seen else tf.concat([exclude, history], 1)
        blocked = tf.reduce_max(tf.one_hot(self.ids.lookup(hidden) - 1, ITEMS), axis=1)
        values, index = tf.math.top_k(dots - 10.0 * blocked, tf.minimum(k, ITEMS))
        shown = values > -5.0
        return {
            "item_id": tf.where(shown, tf.gather(self.names[1:], index), ""),
            "score": tf.where(shown, self.probability(values), 0.0),
            "retrieval_score": tf.where(shown, values, 0.0),
        }

    def scores(self, history: tf.Tensor, candidates: tf.Tensor) -> tf.Tensor:
        items = tf.gather(self.vectors, self.ids.lookup(candidates))
        query = self.query(self.ids.lookup(history))
        return self.probability(tf.einsum("bd,bcd->bc", query, items))

    def save(self, folder: Path) -> Path:
        """Writes a SavedModel with all signatures of the serving contract."""
        lists = tf.TensorSpec([None, None], tf.string)
        items = tf.TensorSpec([None], tf.string)
        top_k = tf.TensorSpec([], tf.int32)
        signatures = {
            "recommend": _signature(
                self._recommend, {**QUERY, "exclude_item_id": lists, "top_k": top_k}
            ),
            "rank": _signature(self._rank, {**QUERY, "candidate_item_id": lists}),
            "similar_items": _signature(self._similar, {"item_id": items, "top_k": top_k}),
            "query_embedding": _signature(self._embed, QUERY),
            "query_features": _signature(self._features, QUERY),
            "serving_default": _signature(self._recommend_rows, {"examples": items}),
            "rank_examples": _signature(self._rank_rows, {"examples": items}),
        }
        tf.saved_model.save(self, str(folder), signatures=signatures)
        return folder

    def item_table(self) -> ItemTable:
        """What the metrics of lists know of the items: all are equally popular."""
        names = [item_id(index).encode() for index in range(ITEMS)]
        return ItemTable(names, np.full(ITEMS, 6, np.int64), self.vectors.numpy()[1:])

    def _recommend(self, **inputs):
        history = inputs["history_item_id"]
        tf.debugging.assert_equal(
            tf.shape(history),
            tf.shape(inputs["history_event_type"]),
            "`history_event_type` must have the shape of `history_item_id`.",
        )
        return self.top(history, inputs["exclude_item_id"], inputs["top_k"])

    def _rank(self, **inputs):
        return {"score": self.scores(inputs["history_item_id"], inputs["candidate_item_id"])}

    def _similar(self, item_id, top_k):
        answer = self.top(item_id[:, None], item_id[:, None], top_k)
        return {"item_id": answer["item_id"], "score": answer["retrieval_score"]}

    def _embed(self, **inputs):
        history = self.ids.lookup(inputs["history_item_id"])
        return {"embedding": self.query(history) + self.skew}

    def _features(self, **inputs):
        names = inputs["history_item_id"]
        length = tf.reduce_sum(tf.cast(names != "", tf.int64), axis=1)
        segment = tf.where(inputs["segment"][:, None] == self.segments)[:, 1:] + FIRST_ID
        ragged = {
            "history_item_id": self.ids.lookup(names),
            "history_event_type": tf.cast(names != "", tf.int64) * FIRST_ID,
            "history_time": inputs["history_time"],
        }
        lengths = {f"{name}$length": tf.identity(length) for name in ragged}
        one = {"segment": segment, "segment$length": tf.ones_like(length)}
        return {**ragged, **lengths, **one, "request_time": tf.identity(inputs["request_time"])}

    def _recommend_rows(self, examples):
        history = parse(examples, "history_item_id")
        nothing = tf.fill([tf.shape(history)[0], 1], "")
        return self.top(history, nothing, tf.constant(100))

    def _rank_rows(self, examples):
        history, candidates = parse(examples, "history_item_id", "candidate_item_id")
        return {"score": self.scores(history, candidates)}

    def save_retriever(self, folder: Path) -> Path:
        """Writes the query tower alone: transformed rows in, embeddings out."""

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
        def serving_default(examples):
            name = "history_item_id$ragged_values"
            spec = {name: tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64)}
            history = tf.io.parse_example(examples, spec)[name].to_tensor(0)
            history = tf.pad(history, [[0, 0], [0, 1]])
            return {"embedding": self.query(history)}

        tf.saved_model.save(self, str(folder), signatures={"serving_default": serving_default})
        return folder


def _signature(function, specs):
    named = {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in specs.items()}
    return tf.function(function).get_concrete_function(**named)


def parse(examples: tf.Tensor, *names: str) -> tf.Tensor | list[tf.Tensor]:
    """Dense string features of raw rows, padded with "" (at least one column)."""
    spec = {name: tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64) for name in names}
    rows = tf.io.parse_example(examples, spec)
    dense = [
        tf.pad(rows[name].to_tensor(""), [[0, 0], [0, 1]], constant_values="") for name in names
    ]
    dense[1:] = [tensor[:, :-1] for tensor in dense[1:]]
    return dense[0] if len(dense) == 1 else dense


def raw_row(user: int, length: int, *, seed: int = 0) -> dict[str, list]:
    """One eval row: a walk along the ring; its target is the next item."""
    generator = np.random.default_rng([user, length, seed])
    start = int(generator.integers(ITEMS))
    history = [item_id(start + step) for step in range(length)]
    target = item_id(start + length)
    others = [item_id(i) for i in range(ITEMS) if item_id(i) not in {target, *history}]
    negatives = list(generator.choice(others, CANDIDATES - 1, replace=False))
    return {
        "user_id": [f"u{user}"],
        "history_item_id": history,
        "history_event_type": ["interaction"] * length,
        "history_time": list(range(1_600_000_000, 1_600_000_000 + length)),
        "request_time": [1_600_000_000 + length],
        "target_item_id": [target],
        "candidate_item_id": [target, *negatives],
        "label": [1.0] + [0.0] * (CANDIDATES - 1),
        # Tells rows apart as real ones do; close enough to how the negatives were drawn.
        "candidate_probability": [1.0, *generator.uniform(0.18, 0.22, CANDIDATES - 1).tolist()],
        "user_rung": ["0" if length == 0 else "1" if length == 1 else "2-5"],
        "item_rung": ["6-20"],
        "target_age": ["older"],
        "target_popularity": [str(1 + user % 10)],
        "request_hour": [f"{user % 24:02d}"],
        "request_weekday": ["Mon"],
        "is_repeat": ["1" if user % 8 == 0 else "0"],
        "segment": [SEGMENTS[user % 2]],
    }


def transformed_row(row: dict[str, list]) -> dict[str, list]:
    """What the toy's Transform would make of a raw row."""
    ids = [int(item[1:]) + 1 for item in row["history_item_id"]]
    return {
        "history_item_id$ragged_values": ids,
        "history_event_type$ragged_values": [FIRST_ID] * len(ids),
        "segment$ragged_values": [FIRST_ID + SEGMENTS.index(segment) for segment in row["segment"]],
        "history_time$ragged_values": row["history_time"],
        "candidate_probability$ragged_values": row["candidate_probability"],
        "request_time": row["request_time"],
    }


def write_split(folder: Path, split: str, rows: list[dict[str, list]]) -> None:
    """Writes rows as an examples artifact holds them."""
    target = folder / f"Split-{split}"
    target.mkdir(parents=True, exist_ok=True)
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    name = str(target / "data_tfrecord-00000-of-00001.gz")
    with tf.io.TFRecordWriter(name, options) as writer:
        for row in rows:
            writer.write(record(**row))
