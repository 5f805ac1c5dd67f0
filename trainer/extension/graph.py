"""A transform graph that knows more items than it was analysed with."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform.tf_metadata import schema_utils
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder
from tfx_bsl.tfxio.tensor_to_arrow import TensorsToRecordBatchConverter

from trainer.recommender.tables import read_item_names
from transform.preprocessing import FIRST_ID, ITEM_VOCABULARY

_BATCH = 4096


def extend_vocabulary(graph: str | Path, target: str | Path, items: Iterable[str]) -> list[str]:
    """Copies a transform graph, and appends the items that it does not know.

    The ids of known items stay, so that rows which were transformed before are still right.

    Args:
        graph: Folder of the graph.
        target: Folder of the copy.
        items: Item ids, known or not.

    Returns:
        The items that were appended, in order.
    """
    shutil.copytree(graph, target, dirs_exist_ok=True)
    transform = tft.TFTransformOutput(str(target))
    known = set(read_item_names(transform)[FIRST_ID:])
    added = sorted({item for item in items if item not in known and _fits_a_line(item)})
    path = Path(transform.vocabulary_file_by_name(ITEM_VOCABULARY))
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{item}\n" for item in added)
    return added


def _fits_a_line(item: str) -> bool:
    """What TensorFlow Transform, too, demands of the values of a vocabulary."""
    return bool(item) and "\n" not in item and "\r" not in item


def transform_records(graph: str | Path, records: Sequence[bytes]) -> Iterator[bytes]:
    """Serialized raw rows -> serialized transformed rows, as the Transform node writes them."""
    transform = tft.TFTransformOutput(str(graph))
    spec = transform.raw_feature_spec()
    schema = transform.transformed_metadata.schema
    types = schema_utils.schema_as_feature_spec(schema).feature_spec
    encoder = RecordBatchToExamplesEncoder(schema)
    layer = transform.transform_features_layer()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def transformed(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        rows = layer(tf.io.parse_example(batch, spec))
        return {name: rows[name] for name in types}

    outputs = transformed.get_concrete_function().structured_outputs
    specs = {name: tf.type_spec_from_value(value) for name, value in outputs.items()}
    converter = TensorsToRecordBatchConverter(specs)
    for start in range(0, len(records), _BATCH):
        batch = transformed(tf.constant(records[start : start + _BATCH]))
        yield from encoder.encode(converter.convert(batch))
