"""A transform graph of the product over drawn items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import apache_beam as beam
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tfx_bsl.public import tfxio

from transform import features as keys
from transform.features import Feature, Kind, Side
from transform.preprocessing import preprocessing_fn
from transform.schema import build_schema

FEATURES = (
    Feature(name="country", side=Side.QUERY, kind=Kind.CATEGORY),
    Feature(name="genre", side=Side.CANDIDATE, kind=Kind.CATEGORY),
)
VALUES = {"country": ("de", "fr", "it", "pl"), "genre": ("drama", "comedy", "news", "sport")}
EVENT_TYPES = ("view", "cart")
_ITEMS_A_ROW = 1000


def item_name(number: int) -> str:
    """Name of an item."""
    return f"item-{number:07d}"


def write_transform_graph(folder: Path, items: int) -> tft.TFTransformOutput:
    """Analyses rows that name every item and every value of the features once.

    Args:
        folder: Where the graph is written.
        items: Number of items.
    """
    source = tfxio.TFExampleBeamRecord(
        physical_format="inmem",
        schema=build_schema(FEATURES, {}, ()),
        telemetry_descriptors=["benchmark"],
    )
    config = {"features": [feature.model_dump(mode="json") for feature in FEATURES]}
    options = beam.options.pipeline_options.PipelineOptions(["--runner=FnApiRunner"])
    with (
        beam.Pipeline(options=options) as pipeline,
        tft_beam.Context(str(folder.with_name(f"{folder.name}-temporary"))),
    ):
        batches = pipeline | beam.Create(_rows(items)) | source.BeamSource()
        analysed = (batches, source.TensorAdapterConfig()) | tft_beam.AnalyzeDataset(
            lambda inputs: preprocessing_fn(inputs, config)
        )
        _ = analysed | tft_beam.WriteTransformFn(str(folder))
    return tft.TFTransformOutput(str(folder))


def _rows(items: int) -> list[bytes]:
    rows: list[Mapping[str, Sequence[str]]] = [
        {name: [value]} for name, values in VALUES.items() for value in values
    ]
    rows += [{keys.HISTORY_EVENT_TYPE: list(EVENT_TYPES)}]
    for first in range(0, items, _ITEMS_A_ROW):
        numbers = range(first, min(first + _ITEMS_A_ROW, items))
        rows.append({keys.HISTORY_ITEM_ID: [item_name(number) for number in numbers]})
    return [_example(row) for row in rows]


def _example(row: Mapping[str, Sequence[str]]) -> bytes:
    feature = {
        name: tf.train.Feature(
            bytes_list=tf.train.BytesList(value=[value.encode() for value in values])
        )
        for name, values in row.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return bytes(example.SerializeToString())
