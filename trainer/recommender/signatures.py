"""The serving contract: the recommender's signatures and its SavedModel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from trainer.recommender.model import Recommender
from trainer.recommender.requests import parse_rows, query_specs, raw_query
from trainer.recommender.tables import read_item_names
from transform import features as keys
from transform.aggregates import Aggregate
from transform.features import Feature
from transform.preprocessing import FIRST_ID, ITEM_VOCABULARY

SERVED_TOP_K = 100  # length of the lists of `serving_default`, which has no top_k input
MAX_TOP_K = 10_000  # every place of a list costs memory, and may cost a ranked candidate

_Signature = Callable[..., dict[str, tf.Tensor]]


class ServedRecommender(tf.Module):
    """Raw requests in, item ids as the log knows them out."""

    def __init__(
        self,
        recommender: Recommender,
        transform: tft.TFTransformOutput,
        features: Sequence[Feature],
        aggregates: Sequence[Aggregate],
    ) -> None:
        """`transform` is the graph that the models were trained behind."""
        super().__init__()
        names = read_item_names(transform)
        self._features = list(features)
        self._aggregates = list(aggregates)
        self._recommender = recommender
        self._transform = transform.transform_features_layer()
        self._names = tf.Variable(names, dtype=tf.string, trainable=False, name="item_names")
        lines = tf.lookup.TextFileInitializer(
            transform.vocabulary_file_by_name(ITEM_VOCABULARY),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        )
        self._lines = tf.lookup.StaticHashTable(lines, default_value=-1)

    def save(self, path: str | Path) -> None:
        """Writes the SavedModel with all signatures of the serving contract."""
        signatures = self._signatures()
        module = tf.Module()
        # What the signatures read, and no more: towers whose vectors are in the index stay out,
        # and tracking the Keras models would trace every layer's call once more.
        read = (v for signature in signatures.values() for v in signature.variables)
        module.tables = list({id(variable): variable for variable in read}.values())
        module.lookups = [self._transform, self._lines]
        tf.saved_model.save(module, str(path), signatures=signatures)

    def transformed(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Raw features to transformed ones, by the transform graph of the training."""
        return dict(self._transform(raw))

    def _signatures(self) -> dict[str, Any]:
        query = query_specs(self._features, self._aggregates)
        top_k = {"top_k": tf.TensorSpec([], tf.int32, "top_k")}
        exclude = {
            keys.EXCLUDE_ITEM_ID: tf.TensorSpec([None, None], tf.string, keys.EXCLUDE_ITEM_ID)
        }
        candidates = {
            keys.CANDIDATE_ITEM_ID: tf.TensorSpec([None, None], tf.string, keys.CANDIDATE_ITEM_ID)
        }
        item = {keys.ITEM_ID: tf.TensorSpec([None], tf.string, keys.ITEM_ID)}
        rows = {"examples": tf.TensorSpec([None], tf.string, "examples")}
        return {
            "recommend": _signature(self._recommend, query | exclude | top_k),
            "rank": _signature(self._rank, query | candidates),
            "similar_items": _signature(self._similar_items, item | top_k),
            "query_embedding": _signature(self._query_embedding, query),
            "query_features": _signature(self._query_features, query),
            "serving_default": _signature(self._recommend_rows, rows),
            "rank_examples": _signature(self._rank_rows, rows),
        }

    def _recommend(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        top_k = inputs["top_k"]
        with tf.control_dependencies(_checks(top_k)):
            row = self.transformed(raw_query(inputs, self._features, self._aggregates))
        exclude = self._ids(inputs[keys.EXCLUDE_ITEM_ID])
        if not self._recommender.explores:
            return self._named(self._recommender.recommend(row, exclude, top_k))
        moment = tf.strings.as_string(tf.reshape(row[keys.REQUEST_TIME], [-1]))
        request = tf.strings.join([inputs[keys.USER_ID], moment], "\n")
        *lists, propensity = self._recommender.explored(row, exclude, top_k, request)
        return {**self._named(lists), "propensity": propensity}

    def _recommend_rows(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        row = self.transformed(parse_rows(examples, self._features, self._aggregates))
        nothing = tf.zeros([tf.shape(examples)[0], 0], tf.int64)
        lists = self._recommender.recommend(row, nothing, tf.constant(SERVED_TOP_K))
        return self._named(lists)

    def _named(self, lists: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
        ids, score, retrieval = lists
        names = tf.gather(self._names, ids)
        return {"item_id": names, "score": score, "retrieval_score": retrieval}

    def _rank(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        row = self.transformed(raw_query(inputs, self._features, self._aggregates))
        names = inputs[keys.CANDIDATE_ITEM_ID]
        scores = self._recommender.rank(row, self._ids(names))
        return {"score": tf.where(names == "", 0.0, scores)}

    def _rank_rows(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        raw = parse_rows(examples, self._features, self._aggregates, candidates=True)
        names = raw.pop(keys.CANDIDATE_ITEM_ID).to_tensor()
        scores = self._recommender.rank(self.transformed(raw), self._ids(names))
        return {"score": tf.where(names == "", 0.0, scores)}

    def _similar_items(self, item_id: tf.Tensor, top_k: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.control_dependencies(_checks(top_k)):
            # No request says when the list is shown: it is by the clock of the server, then.
            now = tf.cast(tf.timestamp(), tf.int64)
            ids, score = self._recommender.similar(self._ids(item_id), top_k, now)
        return {"item_id": tf.gather(self._names, ids), "score": score}

    def _query_embedding(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        row = self.transformed(raw_query(inputs, self._features, self._aggregates))
        return {"embedding": self._recommender.query(row)}

    def _query_features(self, **inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """What a request becomes before it meets the models, for whoever holds it against training.

        A ragged feature is padded with 0; how many values each request has is told beside it.
        """
        row = self.transformed(raw_query(inputs, self._features, self._aggregates))
        outputs = {}
        for name, value in row.items():
            if isinstance(value, tf.RaggedTensor):
                outputs[name] = value.to_tensor()
                outputs[f"{name}{keys.LENGTH}"] = value.row_lengths()
            else:
                outputs[name] = tf.identity(value)
        return outputs

    def _ids(self, names: tf.Tensor) -> tf.Tensor:
        """Item ids of any shape; "" is padding, an unknown item UNKNOWN."""
        return tf.where(names == "", tf.constant(0, tf.int64), self._lines.lookup(names) + FIRST_ID)


def _checks(top_k: tf.Tensor) -> list[tf.Operation]:
    return [
        tf.debugging.assert_positive(top_k, "top_k must be at least 1."),
        tf.debugging.assert_less_equal(top_k, MAX_TOP_K, f"top_k must be at most {MAX_TOP_K}."),
    ]


def _signature(function: _Signature, specs: dict[str, tf.TensorSpec]) -> Any:
    return tf.function(function, autograph=False).get_concrete_function(**specs)
