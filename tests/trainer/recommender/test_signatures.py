"""Aggregates through the whole served path: raw rows and dense requests get the same scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder
from tfx_bsl.public import tfxio

from tests.records import record
from trainer.calibration import Calibration
from trainer.catalogue import read_catalogue
from trainer.export import Description
from trainer.ranker.training import build as build_ranker
from trainer.recommender.model import Parts, Recommender
from trainer.recommender.partitioned_index import PartitionedIndex, Probing
from trainer.recommender.partitions import partition
from trainer.recommender.signatures import ServedRecommender
from trainer.recommender.stock_ops import require_stock_ops
from trainer.recommender.tables import CoView
from trainer.rows import read_rows
from trainer.settings import RankerSettings, RecommenderSettings, RetrieverSettings
from trainer.two_tower.training import build as build_retriever
from trainer.vocabulary import read_vocabulary
from transform.aggregates import Aggregate, Of
from transform.features import Feature, Kind, Side
from transform.preprocessing import preprocessing_fn
from transform.schema import build_schema

pytestmark = pytest.mark.slow  # an analysis of the transform, two models, and a SavedModel

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The transform graph, and transformed rows: `requests` and `catalogue`."""
    folder = tmp_path_factory.mktemp("served")
    source = tfxio.TFExampleBeamRecord(
        physical_format="inmem",
        schema=build_schema(FEATURES, {}, AGGREGATES),
        telemetry_descriptors=["test"],
    )
    config = {
        "features": [feature.model_dump(mode="json") for feature in FEATURES],
        "aggregates": [aggregate.model_dump(mode="json") for aggregate in AGGREGATES],
    }
    options = beam.options.pipeline_options.PipelineOptions(["--runner=FnApiRunner"])
    with beam.Pipeline(options=options) as pipeline, tft_beam.Context(str(folder / "tmp")):
        batches = pipeline | beam.Create(REQUESTS + CATALOGUE) | source.BeamSource()
        analysed = (batches, source.TensorAdapterConfig()) | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, config)
        )
        _ = analysed | tft_beam.WriteTransformFn(str(folder / "graph"))
    schema = tft.TFTransformOutput(str(folder / "graph")).transformed_metadata.schema
    encoder = RecordBatchToExamplesEncoder(schema)
    for name, rows in (("requests", REQUESTS), ("catalogue", CATALOGUE)):
        with beam.Pipeline(options=options) as pipeline, tft_beam.Context(str(folder / "tmp")):
            graph = pipeline | tft_beam.ReadTransformFn(str(folder / "graph"))
            batches = pipeline | beam.Create(rows) | source.BeamSource()
            transformed, _ = ((batches, source.TensorAdapterConfig()), graph) | (
                tft_beam.TransformDataset(output_record_batches=True)
            )
            _ = (
                transformed
                | beam.FlatMapTuple(lambda batch, _: encoder.encode(batch))
                | beam.io.WriteToTFRecord(str(folder / name), file_name_suffix=".gz")
            )
    return folder


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


@pytest.fixture(scope="module")
def trained(folder: Path) -> Trained:
    tf.keras.utils.set_random_seed(5)
    graph = tft.TFTransformOutput(str(folder / "graph"))
    vocabulary = read_vocabulary(graph, list(FEATURES))
    catalogue = read_catalogue(
        [f"{folder}/catalogue*"], graph, FEATURES, AGGREGATES, items=vocabulary.items
    )
    (row,) = read_rows([f"{folder}/requests*"], graph, batch_size=10)
    shape = {
        "features": FEATURES,
        "aggregates": AGGREGATES,
        "vocabulary": vocabulary,
        "history_length": 4,
    }
    retriever = RetrieverSettings(dimension=8, layers=1, uniform_negatives=5).model_dump()
    ranker = RankerSettings(dimension=8, hidden=(8,)).model_dump()
    return Trained(
        build_retriever(Description(settings=retriever, **shape), catalogue, row, seed=1),
        build_ranker(Description(settings=ranker, **shape), catalogue, row),
        catalogue,
        row,
    )


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
    plain = Calibration(weights=(1.0, 0.0, 0.0, 0.0), slope=1.0, offset=0.0)
    recommender.set_calibration(plain, plain)
    graph = tft.TFTransformOutput(str(folder / "graph"))
    path = str(folder / f"model-{settings.index}-{settings.diversity}-{settings.exploration}")
    ServedRecommender(recommender, graph, FEATURES, AGGREGATES).save(path)
    loaded = tf.saved_model.load(path)
    return Served(
        Path(path), loaded.signatures, loaded, tf.sigmoid(trained.ranker(trained.row)).numpy()
    )


@pytest.fixture(scope="module")
def served(folder: Path, trained: Trained) -> Served:
    return serve(folder, trained, RecommenderSettings(exclude_seen=False))


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
CANDIDATES = tf.constant([list(ITEMS)] * 2)


def test_the_request_gets_the_scores_that_training_computes(served: Served) -> None:
    """The rows hold the item aggregates that the served table holds."""
    score = served.signatures["rank"](**QUERY, candidate_item_id=CANDIDATES)["score"]
    np.testing.assert_allclose(score, served.trained, atol=1e-6)
    assert np.abs(served.trained[0] - served.trained[1]).min() > 1e-5


def _bits(features: Any, names: set[str]) -> dict[str, list[bytes]]:
    """The bits of each request's values."""
    return {
        name: [np.asarray(row).tobytes() for row in features[name]]
        for name in names & features.keys()
    }


def test_a_request_becomes_the_features_of_its_transformed_row(
    served: Served, trained: Trained
) -> None:
    """Bit by bit: the rows on disk come from the transform's own graph, on Beam."""
    outputs = served.signatures["query_features"](**QUERY)
    found = {name: value.numpy() for name, value in outputs.items()}
    for name in [name for name in found if f"{name}$length" in found]:
        lengths = found.pop(f"{name}$length")
        found[name] = [row[:length] for row, length in zip(found[name], lengths, strict=True)]
    rows = {name: list(value) for name, value in trained.row.items()}
    assert found.keys() == rows.keys() - {
        "candidate_item_id",
        "candidate_probability",
        "label",
        "item_available_from",
        "item_available_to",
        "item_count",
        "item_id",
        "target_item_id",
        "genre",
        "trend",
    }
    assert _bits(found, set(found)) == _bits(rows, set(found))


def test_an_unmodified_tensorflow_serving_knows_every_operation(served: Served) -> None:
    require_stock_ops(served.path)


def test_a_partitioned_index_is_served_as_the_exact_one(
    folder: Path, trained: Trained, served: Served
) -> None:
    partitioned = serve(
        folder, trained, RecommenderSettings(exclude_seen=False, index="partitioned")
    )
    require_stock_ops(partitioned.path)
    asked = {**QUERY, "exclude_item_id": tf.constant([["a"], [""]]), "top_k": tf.constant(3)}
    lists, plain = (side.signatures["recommend"](**asked) for side in (partitioned, served))
    assert lists["item_id"].numpy().tolist() == plain["item_id"].numpy().tolist()
    np.testing.assert_allclose(lists["score"], plain["score"], atol=1e-6)
    similar = {"item_id": tf.constant(["a", "nobody's"]), "top_k": tf.constant(2)}
    near, truly = (side.signatures["similar_items"](**similar) for side in (partitioned, served))
    assert near["item_id"].numpy().tolist() == truly["item_id"].numpy().tolist()


def test_a_raw_row_gets_the_scores_of_its_request(served: Served) -> None:
    score = served.signatures["rank_examples"](examples=tf.constant(REQUESTS))["score"]
    np.testing.assert_allclose(score, served.trained, atol=1e-6)


def test_the_list_has_the_scores_of_the_ranking(served: Served) -> None:
    nothing = tf.constant([[""], [""]])
    lists = served.signatures["recommend"](**QUERY, exclude_item_id=nothing, top_k=tf.constant(3))
    ranked = served.signatures["rank"](**QUERY, candidate_item_id=lists["item_id"])["score"]
    np.testing.assert_allclose(lists["score"], ranked, atol=1e-6)


@pytest.mark.parametrize(("time", "there"), [(9, False), (10, True), (END - 1, True), (END, False)])
def test_an_item_is_shown_while_it_is_available(served: Served, time: int, there: bool) -> None:
    asked = {**QUERY, "exclude_item_id": tf.constant([[""], [""]]), "top_k": tf.constant(3)}
    asked["request_time"] = tf.constant([time, 30], tf.int64)
    items = served.signatures["recommend"](**asked)["item_id"].numpy()
    assert (b"c" in items[0]) is there
    assert set(items[1]) == {b"a", b"b", b"c"}


def test_the_lists_alone_are_diversified(folder: Path, trained: Trained, served: Served) -> None:
    """At the full strength the second item is the one least similar to the first."""
    diverse = serve(folder, trained, RecommenderSettings(exclude_seen=False, diversity=1.0))
    top_k = tf.constant(3)
    asked = {**QUERY, "exclude_item_id": tf.constant([[""], [""]]), "top_k": top_k}
    lists = diverse.signatures["recommend"](**asked)
    plain = served.signatures["recommend"](**asked)
    assert lists["item_id"][:, 0].numpy().tolist() == plain["item_id"][:, 0].numpy().tolist()
    asked_first = {"item_id": lists["item_id"][:, 0], "top_k": top_k}
    similar = diverse.signatures["similar_items"](**asked_first)
    assert lists["item_id"][:, 1].numpy().tolist() == similar["item_id"][:, 1].numpy().tolist()
    assert similar["score"].numpy().tolist() == (
        served.signatures["similar_items"](**asked_first)["score"].numpy().tolist()
    )
    by_rows = diverse.signatures["serving_default"](examples=tf.constant(REQUESTS))
    assert by_rows["item_id"][:, :3].numpy().tolist() == lists["item_id"].numpy().tolist()
    ranked = diverse.signatures["rank"](**QUERY, candidate_item_id=lists["item_id"])["score"]
    np.testing.assert_allclose(lists["score"], ranked, atol=1e-6)


def test_lists_have_probabilities_only_where_the_settings_ask_for_exploration(
    folder: Path, trained: Trained, served: Served
) -> None:
    settings = RecommenderSettings(exclude_seen=False, exploration=0.2, exploration_depth=2)
    exploring = serve(folder, trained, settings)
    require_stock_ops(exploring.path)
    many = 200
    asked = {name: tf.repeat(value[:1], many, axis=0) for name, value in QUERY.items()}
    asked |= {"exclude_item_id": tf.fill([many, 1], ""), "top_k": tf.constant(2)}
    asked["request_time"] = tf.range(30, 30 + many, dtype=tf.int64)
    lists, again, plain = (
        side.signatures["recommend"](**asked) for side in (exploring, exploring, served)
    )
    assert lists.keys() - plain.keys() == {"propensity"}
    # Of the four moves of two items, two change the list, for some times of the request.
    swapped = (lists["item_id"] != plain["item_id"]).numpy()
    assert (swapped[:, 0] == swapped[:, 1]).all()
    assert 0.02 < swapped[:, 0].mean() < 0.25
    np.testing.assert_allclose(lists["propensity"], np.where(swapped, 0.1, 0.9), atol=1e-6)
    assert (lists["item_id"] == again["item_id"]).numpy().all()
    by_rows = exploring.signatures["serving_default"](examples=tf.constant(REQUESTS))
    assert by_rows.keys() == plain.keys()
    unequal = {**asked, "user_id": tf.constant(["u"])}
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have one row for each user_id"):
        exploring.signatures["recommend"](**unequal)
