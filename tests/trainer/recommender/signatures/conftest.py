"""The transform graph, both models, and the recommender that they make: once for all tests here."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder
from tfx_bsl.public import tfxio

from tests.trainer.recommender.signatures.served import (
    AGGREGATES,
    CATALOGUE,
    FEATURES,
    REQUESTS,
    Served,
    Trained,
    serve,
)
from trainer.catalogue import read_catalogue
from trainer.export import Description
from trainer.ranker.training import build as build_ranker
from trainer.rows import read_rows
from trainer.settings import RankerSettings, RecommenderSettings, RetrieverSettings
from trainer.two_tower.training import build as build_retriever
from trainer.vocabulary import read_vocabulary
from transform.preprocessing import preprocessing_fn
from transform.schema import build_schema


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
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
    # Logits that need a correction, so that what is served is seen to have it.
    corrected = {"positive_weight": 3.0, "focal_gamma": 1.0}
    ranker = RankerSettings(dimension=8, hidden=(8,), **corrected).model_dump()
    return Trained(
        build_retriever(Description(settings=retriever, **shape), catalogue, row, seed=1),
        build_ranker(Description(settings=ranker, **shape), catalogue, row),
        catalogue,
        row,
    )


@pytest.fixture(scope="package")
def served(folder: Path, trained: Trained) -> Served:
    return serve(folder, trained, RecommenderSettings(exclude_seen=False))
