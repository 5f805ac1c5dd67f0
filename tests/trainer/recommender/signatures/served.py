"""A recommender over raw rows, from the transform's own graph to the SavedModel."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from tests.records import record
from trainer.calibration import Calibration
from trainer.recommender.model import SIGNALS, Parts, Recommender
from trainer.recommender.partitioned_index import PartitionedIndex, Probing
from trainer.recommender.partitions import partition
from trainer.recommender.signatures import ServedRecommender
from trainer.recommender.tables import CoView
from trainer.settings import RecommenderSettings
from transform.aggregates import Aggregate, Of
from transform.features import Feature, Kind, Side

FEATURES = (Feature(name="genre", side=Side.CANDIDATE, kind=Kind.CATEGORY, separator="|"),)
AGGREGATES = (
    Aggregate(name="views", of=Of.USER, count="view", window="7d"),
    Aggregate(name="liked", of=Of.USER_CATEGORY, by="genre", count="view", window="7d"),
    Aggregate(name="trend", of=Of.ITEM, trend="view", window="7d"),
    Aggregate(name="shop_views", of=Of.ALL, count="view", window="7d"),
)
ITEMS = {"a": "jazz|folk", "b": "folk", "c": ""}
# Item c is shown from 10 on and until long after today: the requests come at 30, and similar items
# are asked for without a time.
END = 32_503_680_000  # the year 3000
AVAILABLE = {"c": {"item_available_from": [10], "item_available_to": [END]}}
TREND = {"a": 1.5, "b": -1.0, "c": 0.0}


def request(views: float, liked: dict[str, float]) -> bytes:
    return record(
        user_id=["u"],
        history_item_id=["a", "b"],
        history_event_type=["view", "view"],
        history_time=[10, 20],
        request_time=[30],
        views=[views],
        shop_views=[50.0],
        liked_key=list(liked),
        liked_value=list(liked.values()),
        candidate_item_id=list(ITEMS),
        trend=[TREND[item] for item in ITEMS],
        label=[1.0, 0.0, 0.0],
        candidate_probability=[1.0, 0.5, 0.5],
    )


REQUESTS = [request(3.0, {"jazz": 2.0, "folk": 1.0}), request(0.0, {})]
CATALOGUE = [
    record(
        item_id=[item],
        item_count=[2],
        genre=[genre],
        trend=[TREND[item]],
        **AVAILABLE.get(item, {}),
    )
    for item, genre in ITEMS.items()
]
QUERY = {
    "user_id": tf.constant(["u", "u"]),
    "history_item_id": tf.constant([["a", "b"]] * 2),
    "history_event_type": tf.constant([["view", "view"]] * 2),
    "history_time": tf.constant([[10, 20]] * 2, tf.int64),
    "request_time": tf.constant([30, 30], tf.int64),
    "views": tf.constant([3.0, float("nan")]),
    "shop_views": tf.constant([50.0, 50.0]),
    "liked_key": tf.constant([["jazz", "folk"], ["", ""]]),
    "liked_value": tf.constant([[2.0, 1.0], [0.0, 0.0]]),
}


class Served(NamedTuple):
    """The composed recommender, and what the ranker makes of the transformed requests."""

    path: Path
    signatures: Any
    model: Any
    trained: Any


class Trained(NamedTuple):
    """Both models, untrained, with the catalogue and the transformed requests."""

    retriever: Any
    ranker: Any
    catalogue: Any
    row: Any


def serve(folder: Path, trained: Trained, settings: RecommenderSettings) -> Served:
    """Composes, saves and loads the models; a score is the ranker's probability."""
    none = np.zeros((len(trained.catalogue.counts), 1))
    recommender = Recommender(
        Parts(
            trained.retriever,
            trained.ranker,
            trained.catalogue,
            CoView(none.astype(np.int64), none.astype(np.float32)),
            0.8,
            settings,
            FEATURES,
        )
    )
    if settings.index == "partitioned":
        vectors, listed = recommender.vectors.numpy(), np.flatnonzero(trained.catalogue.listed)
        blocks = partition(vectors, listed, block=2)
        recommender.set_index(PartitionedIndex(recommender.exact, blocks, Probing(2, 100)))
    others = len(SIGNALS) - 1 + trained.catalogue.aggregates.shape[1]
    plain = Calibration(weights=(1.0, *[0.0] * others), slope=1.0, offset=0.0)
    recommender.set_calibration(plain, plain)
    graph = tft.TFTransformOutput(str(folder / "graph"))
    path = str(folder / f"model-{settings.index}-{settings.diversity}-{settings.exploration}")
    ServedRecommender(recommender, graph, FEATURES, AGGREGATES).save(path)
    loaded = tf.saved_model.load(path)
    return Served(
        Path(path), loaded.signatures, loaded, tf.sigmoid(trained.ranker(trained.row)).numpy()
    )
