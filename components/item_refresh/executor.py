"""ItemRefresh's work."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_executor
from tfx.proto.example_gen_pb2 import FORMAT_TF_EXAMPLE
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.input_fingerprint import FINGERPRINT
from components.item_refresh.items import fingerprint, items_of_now, known_items, still_listed
from components.serving_validator import ahead
from trainer.export import read_description
from trainer.extension.graph import extend_vocabulary, transform_records
from trainer.extension.towers import Place, Towers, extend_towers
from transform import features as keys
from transform.aggregates import Aggregate, parse_aggregates
from transform.errors import DataError
from transform.features import Feature
from transform.job.records import write_records
from transform.preprocessing import parse_features
from transform.rows.catalogue import described_rows
from transform.rows.examples import serialize

logger = logging.getLogger(__name__)

_TOWERS = ("retriever", "ranker")
_SHARD = "data_tfrecord-00000-of-00001.gz"
# Remade for the items of now, or read by trainings alone.
_REPLACED = frozenset({keys.TRAIN, keys.RANKING, keys.CATALOGUE})


class Executor(base_executor.BaseExecutor):
    """Writes catalogue, transform graph and both models for the items as they are now."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node.

        Raises:
            DataError: The items table breaks a rule, is not what it was a moment ago, or leaves
                too few of the items on show.
        """
        ahead.begin()  # items have changed, or this would not run
        given = {key: artifact_utils.get_single_instance(a) for key, a in input_dict.items()}
        made = {key: artifact_utils.get_single_instance(a) for key, a in output_dict.items()}
        features = parse_features(exec_properties["features"])
        aggregates = parse_aggregates(exec_properties["aggregates"])
        _refuse_other_features(given["trained_retriever"], features, aggregates)
        now = int(time.time())
        items = _unchanged_items(exec_properties, now)
        catalogue = [_split(given["trained_examples"], keys.CATALOGUE)]
        known = still_listed(known_items(catalogue, features, aggregates), items, now)
        rows = serialize(described_rows(known, items, features))
        graph = made["transform_graph"].uri
        added = extend_vocabulary(
            given["trained_transform_graph"].uri, graph, items[keys.ITEM_ID].to_list()
        )
        logger.info("%d items, %d of them new.", len(rows), len(added))
        transformed = list(transform_records(graph, rows))
        _write_examples(given["trained_examples"], made["examples"], rows)
        _write_examples(
            given["trained_transformed_examples"], made["transformed_examples"], transformed
        )
        _write_towers(given, made)


def _unchanged_items(properties: dict[str, Any], now: int) -> pl.DataFrame:
    """The items, if they are what the driver saw."""
    items = items_of_now(properties["data"], properties["features"], now)
    if fingerprint(items) != properties[FINGERPRINT]:
        raise DataError(
            "The items must not change while they are read. Received: an items table that is "
            "another one than when the node began. Run again."
        )
    return items


def _refuse_other_features(
    retriever: Any, features: Sequence[Feature], aggregates: Sequence[Aggregate]
) -> None:
    trained = read_description(path_utils.serving_model_path(retriever.uri))
    declared = (tuple(features), tuple(aggregates))
    if (trained.features, trained.aggregates) != declared:
        raise DataError(
            "A model reads the features that it was trained with. Received: settings that declare "
            "other features or aggregates than those of the served model. Train one with them "
            "first (sluice run)."
        )


def _write_examples(trained: Any, made: Any, catalogue: Sequence[bytes]) -> None:
    """The rows of the catalogue, beside those that calibrate and measure, as they were."""
    splits = artifact_utils.decode_split_names(trained.split_names)
    held_out = [split for split in splits if split not in _REPLACED]
    made.split_names = artifact_utils.encode_split_names([*held_out, keys.CATALOGUE])
    made.span = trained.span
    examples_utils.set_payload_format(made, FORMAT_TF_EXAMPLE)
    for split in held_out:
        shutil.copytree(_split(trained, split), _split(made, split), copy_function=_link)
    folder = Path(_split(made, keys.CATALOGUE))
    folder.mkdir(parents=True)
    with (folder / _SHARD).open("wb") as file:
        write_records(file, catalogue)


def _link(source: str, target: str) -> None:
    """A file under a second name: artifacts never change, and these may be large."""
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _split(examples: Any, name: str) -> str:
    (uri,) = artifact_utils.get_split_uris([examples], name)
    return str(uri)


def _write_towers(given: dict[str, Any], made: dict[str, Any]) -> None:
    rows = made["transformed_examples"]
    extend_towers(
        Towers(*(path_utils.serving_model_path(given[f"trained_{name}"].uri) for name in _TOWERS)),
        Towers(*(path_utils.serving_model_dir(made[name].uri) for name in _TOWERS)),
        Place(made["transform_graph"].uri, (f"{_split(rows, keys.CATALOGUE)}/*",)),
        f"{_split(rows, keys.VALIDATION)}/*",
    )
