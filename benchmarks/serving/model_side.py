"""Writes the recommender that is served: the product's own graph, with drawn weights.

`python -m benchmarks.serving.model_side FOLDER ITEMS`
"""

from __future__ import annotations

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.index.vectors import Floats, draw
from benchmarks.serving.traffic import HISTORY, draw_queries, save_requests
from benchmarks.serving.transform_graph import EVENT_TYPES, FEATURES, write_transform_graph
from components.serving_validator.calls import predict_request, read_signatures
from components.serving_validator.warm_up import write_warm_up
from components.warm_up_file import WARM_UP_FILE
from serving.inputs import query_inputs
from trainer.calibration import Calibration
from trainer.catalogue import Catalogue, always_available
from trainer.export import Description
from trainer.ranker.training import build as build_ranker
from trainer.recommender.index_choice import Sample, choose_index
from trainer.recommender.model import Parts, Recommender
from trainer.recommender.signatures import SERVED_TOP_K, ServedRecommender
from trainer.recommender.tables import CoView
from trainer.settings import RankerSettings, RecommenderSettings, RetrieverSettings
from trainer.two_tower.model import TwoTower
from trainer.two_tower.training import build as build_retriever
from trainer.vocabulary import Vocabulary, read_vocabulary
from transform import features as keys
from transform.preprocessing import FIRST_ID

_SEED = 7
_FOLLOWERS = 10
_DECAY = 0.8
_REQUESTS, _K = 512, 20
_SAMPLED = 128  # queries on which the recall of an index is measured


def main() -> None:
    """Writes the SavedModel with its warm-up requests, and the requests of the load."""
    folder, items = Path(sys.argv[1]), int(sys.argv[2])
    tf.keras.utils.set_random_seed(_SEED)
    transform = write_transform_graph(folder / "transform", items)
    vocabulary = read_vocabulary(transform, list(FEATURES))
    recommender = _compose(vocabulary)
    model = folder / "model"
    ServedRecommender(recommender, transform, FEATURES, ()).save(model)
    declared = read_signatures(model)
    queries = draw_queries(_REQUESTS, items, _SEED)
    warm_up = model / "assets.extra" / WARM_UP_FILE
    warm_up.parent.mkdir()
    write_warm_up(warm_up, queries, declared)
    requests = [
        predict_request(
            "recommender",
            "recommend",
            {**query_inputs([query]), "top_k": np.int32(_K)},
            declared,
        ).SerializeToString()
        for query in queries
    ]
    save_requests(folder / "requests.npz", requests)


def _compose(vocabulary: Vocabulary) -> Recommender:
    """Both models at their default sizes, the index that the product chooses, a calibration."""
    rng = np.random.default_rng(_SEED)
    catalogue = _catalogue(vocabulary, rng)
    settings = RecommenderSettings()
    shape: dict[str, Any] = {
        "features": FEATURES,
        "aggregates": (),
        "vocabulary": vocabulary,
        "history_length": HISTORY,
    }
    row = _transformed(vocabulary, 1, rng)
    vectors, queries = draw(vocabulary.items, _SAMPLED, RetrieverSettings().dimension, _SEED)
    retriever = Description(settings=RetrieverSettings().model_dump(), **shape)
    ranker = Description(settings=RankerSettings().model_dump(), **shape)
    followers = rng.integers(FIRST_ID, vocabulary.items, (vocabulary.items, _FOLLOWERS))
    two_tower = build_retriever(retriever, catalogue, row, seed=_SEED)
    _learn(two_tower, vectors)
    recommender = Recommender(
        Parts(
            retriever=two_tower,
            ranker=build_ranker(ranker, catalogue, row),
            catalogue=catalogue,
            co_view=CoView(followers, np.sort(rng.random(followers.shape, np.float32))[:, ::-1]),
            co_view_decay=_DECAY,
            settings=settings,
            features=FEATURES,
        )
    )
    sample = Sample(queries, np.zeros(len(queries), np.int64))
    longest = max(SERVED_TOP_K, settings.candidates // len(settings.sources))
    recommender.set_index(choose_index(recommender.exact, sample, settings, longest=longest))
    calibration = Calibration(weights=(1.0, 0.1, 1.0, 0.1, 0.0), slope=1.0, offset=-3.0)
    recommender.set_calibration(calibration, calibration)
    return recommender


def _learn(retriever: TwoTower, vectors: Floats) -> None:
    """Gives the items vectors as training does; of vectors without groups, no index is chosen."""
    (ids,) = [w for w in retriever.item_tower.trainable_weights if w.shape == vectors.shape]
    ids.assign(vectors)


def _catalogue(vocabulary: Vocabulary, rng: np.random.Generator) -> Catalogue:
    items = vocabulary.items
    genres = rng.integers(FIRST_ID, vocabulary.features["genre"], (items, 1))
    return Catalogue(
        rng.zipf(1.5, items).clip(max=1_000_000),
        np.arange(items) >= FIRST_ID,
        always_available(items),
        {"genre": genres},
        np.zeros((items, 0), np.float32),
    )


def _transformed(vocabulary: Vocabulary, count: int, rng: np.random.Generator) -> dict[str, Any]:
    """Transformed rows, from which the models take their shapes."""

    def ragged(low: int, high: int, length: int) -> tf.RaggedTensor:
        return tf.RaggedTensor.from_tensor(rng.integers(low, high, (count, length)))

    events = tf.RaggedTensor.from_tensor(np.tile(3600 * np.arange(HISTORY), (count, 1)))
    candidates = ragged(FIRST_ID, vocabulary.items, 2)
    return {
        keys.HISTORY_ITEM_ID: ragged(FIRST_ID, vocabulary.items, HISTORY),
        keys.HISTORY_EVENT_TYPE: ragged(FIRST_ID, FIRST_ID + len(EVENT_TYPES), HISTORY),
        keys.HISTORY_TIME: events,
        keys.REQUEST_TIME: tf.fill([count], tf.constant(3600 * HISTORY, tf.int64)),
        keys.CANDIDATE_ITEM_ID: candidates,
        keys.CANDIDATE_PROBABILITY: tf.ones_like(candidates, tf.float32),
        keys.LABEL: tf.ones_like(candidates, tf.float32),
        "country": ragged(FIRST_ID, vocabulary.features["country"], 1),
    }


if __name__ == "__main__":
    main()
