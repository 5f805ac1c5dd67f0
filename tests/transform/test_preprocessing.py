"""The TFT transform: rows in, rows and vocabularies out, and the same graph at serving time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tfx_bsl.public import tfxio

from tests.records import record
from transform.aggregates import Aggregate, Of
from transform.features import Feature, Kind, Side
from transform.preprocessing import parse_features, preprocessing_fn
from transform.schema import build_schema

FEATURES = (
    Feature(name="age", side=Side.QUERY, kind=Kind.NUMBER),
    Feature(name="city", side=Side.QUERY, kind=Kind.CATEGORY),
    Feature(name="released", side=Side.CANDIDATE, kind=Kind.TIME),
    Feature(name="genres", side=Side.CANDIDATE, kind=Kind.CATEGORY, separator=" "),
    Feature(name="title", side=Side.CANDIDATE, kind=Kind.TEXT, buckets=50),
)
AGGREGATES = (
    Aggregate(name="views", of=Of.USER, count="view", window="7d"),
    Aggregate(name="liked", of=Of.USER_CATEGORY, by="genres", count="view", window="7d"),
    Aggregate(name="trend", of=Of.ITEM, trend="view", window="7d"),
)
pytestmark = pytest.mark.slow  # a Beam pipeline with a dozen stages for each vocabulary

DAY = 86_400


def request(items: list[str], **features: Any) -> bytes:
    return record(
        user_id="u",
        history_item_id=items,
        history_event_type=["view"] * len(items),
        history_time=list(range(len(items))),
        request_time=len(items),
        **features,
    )


ROWS = [
    request(["a", "b", "a"], age=30.0, city="Rome"),
    request(["a"], age=50.0, city="Oslo"),
    request(["b"], city=""),  # neither age nor city
    record(item_id="a", item_count=3, released=10 * DAY, genres="x y", title="Blue Moon"),
    record(item_id="b", item_count=2, released=20 * DAY, genres="y", title="moon"),
    record(item_id="c", item_count=0, genres="", title=""),  # no release, no words
]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> tft.TFTransformOutput:
    """The transform graph of ROWS."""
    folder = tmp_path_factory.mktemp("transform")
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
        batches = pipeline | beam.Create(ROWS) | source.BeamSource()
        analysed = (batches, source.TensorAdapterConfig()) | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, config)
        )
        _ = analysed | tft_beam.WriteTransformFn(str(folder / "graph"))
    return tft.TFTransformOutput(str(folder / "graph"))


def vocabulary(graph: tft.TFTransformOutput, name: str) -> list[str]:
    return Path(graph.vocabulary_file_by_name(name)).read_text().splitlines()


def transform(graph: tft.TFTransformOutput, raw: Mapping[str, Any]) -> dict[str, Any]:
    return dict(graph.transform_features_layer()(dict(raw)))


def strings(rows: list[list[str]]) -> tf.RaggedTensor:
    return tf.ragged.constant(rows, tf.string, ragged_rank=1)


def test_vocabularies_hold_what_rows_have_and_no_empty_value(graph: tft.TFTransformOutput) -> None:
    assert sorted(vocabulary(graph, "items")) == ["a", "b", "c"]  # c has no event yet
    assert vocabulary(graph, "items")[0] == "a"  # the most frequent one
    assert sorted(vocabulary(graph, "city")) == ["Oslo", "Rome"]
    assert vocabulary(graph, "genres") == ["y", "x"]
    assert vocabulary(graph, "event_types") == ["view"]


def test_the_query_part_alone_is_transformed(graph: tft.TFTransformOutput) -> None:
    """What a served request brings: no candidate, no label, no catalogue."""
    row = transform(
        graph,
        {
            "history_item_id": strings([["a", "never seen"], []]),
            "history_event_type": strings([["view", "buy"], []]),
            "history_time": tf.ragged.constant([[1, 2], []], tf.int64, ragged_rank=1),
            "request_time": tf.constant([3, 4], tf.int64),
            "age": tf.constant([30.0, float("nan")]),
            "city": tf.constant(["Oslo", "Paris"]),
        },
    )
    assert row["history_item_id"].to_list() == [[2, 1], []]
    assert row["history_event_type"].to_list() == [[2, 1], []]
    oslo = vocabulary(graph, "city").index("Oslo") + 2
    assert row["city"].to_list() == [[oslo], [1]]
    # Ages 30 and 50 are known: mean 40, standard deviation 10.
    np.testing.assert_allclose(row["age"].numpy(), [[-1.0, 1.0], [0.0, 0.0]], atol=1e-6)


def test_the_candidate_part_alone_is_transformed(graph: tft.TFTransformOutput) -> None:
    row = transform(
        graph,
        {
            "item_id": tf.constant(["a", "new", ""]),
            "item_count": tf.constant([3, 0, 0], tf.int64),
            "item_available_to": tf.constant([50, 0, 0], tf.int64),
            "released": tf.constant([20 * DAY, -10 * DAY, 0], tf.int64),
            "genres": tf.constant(["x y", "z", ""]),
            "title": tf.constant(["Blue Moon!", "blue   MOON", ""]),
        },
    )
    assert row["item_id"].numpy().tolist() == [2, 1, 0]
    assert row["genres"].to_list() == [[3, 2], [1], []]
    assert row["item_available_to"].numpy().tolist() == [50, 0, 0]
    # Days 10 and 20 are known: mean 15, standard deviation 5. The second lies in 1969.
    np.testing.assert_allclose(row["released"].numpy(), [[1, 1], [-5, 1], [0, 0]], atol=1e-6)
    titles = row["title"].to_list()
    assert titles[0] == titles[1]  # case, punctuation and spaces do not matter
    assert len(titles[0]) == 3  # blue, moon, "blue moon"
    assert titles[2] == []
    assert all(2 <= bucket < 52 for bucket in titles[0])


@pytest.mark.parametrize(
    ("title", "same", "grams"),
    [
        ("ÉCOLE", "école", 1),
        ("ΑΘΗΝΑ", "αθηνα", 1),
        ("हिन्दी", "«हिन्दी»", 1),  # the vowels are combining marks
        ("E\u0301COLE noire", "e\u0301cole, NOIRE", 3),
    ],
)
def test_words_are_words_in_any_script(
    graph: tft.TFTransformOutput, title: str, same: str, grams: int
) -> None:
    first, second = transform(graph, {"title": tf.constant([title, same])})["title"].to_list()
    assert first == second
    assert len(first) == grams


def test_bytes_that_are_no_text_fail_no_request(graph: tft.TFTransformOutput) -> None:
    row = transform(graph, {"title": tf.constant([b"Blue \xff\xfeMoon", b"\xc3"])})
    assert row["title"].row_lengths().numpy().tolist() == [3, 0]


def test_aggregates_are_squashed_and_stay_aligned(graph: tft.TFTransformOutput) -> None:
    row = transform(
        graph,
        {
            "candidate_item_id": strings([["a", "b"], ["c"]]),
            "trend": tf.ragged.constant([[1.0, -1.0], [0.0]], ragged_rank=1),
            "views": tf.constant([99.0, float("nan")]),
            "liked_key": strings([["x", "never seen"], []]),
            "liked_value": tf.ragged.constant([[3.0, 1.0], []], tf.float32, ragged_rank=1),
        },
    )
    np.testing.assert_allclose(row["views"].numpy(), [np.log(100.0), 0.0], rtol=1e-6)
    assert row["trend"].row_lengths().numpy().tolist() == [2, 1]
    ln2 = np.log(2.0)
    np.testing.assert_allclose(row["trend"].flat_values.numpy(), [ln2, -ln2, 0.0], rtol=1e-6)
    x = vocabulary(graph, "genres").index("x") + 2
    assert row["liked_key"].to_list() == [[x, 1], []]
    np.testing.assert_allclose(row["liked_value"].flat_values.numpy(), [2 * ln2, ln2], rtol=1e-6)


def test_an_aggregate_has_the_same_bits_wherever_in_a_batch_it_stands(
    graph: tft.TFTransformOutput,
) -> None:
    views = np.random.default_rng(1).gamma(1.0, 30.0, 203).astype(np.float32)
    layer = graph.transform_features_layer()
    together, *parts = (
        layer({"views": tf.constant(part)})["views"].numpy()
        for part in (views, *np.split(views, range(3, 203, 3)))
    )
    assert np.concatenate(parts).tobytes() == together.tobytes()


def test_a_feature_that_no_row_has_is_missing_and_not_nan(
    tmp_path: Path, graph: tft.TFTransformOutput
) -> None:
    row = transform(graph, {"age": tf.constant([float("nan"), float("inf")])})
    assert np.isfinite(row["age"].numpy()).all()
    assert row["age"].numpy()[:, 1].tolist() == [0.0, 0.0]


def test_features_survive_their_json() -> None:
    text = json.dumps([feature.model_dump(mode="json") for feature in FEATURES])
    assert parse_features(text) == list(FEATURES)
