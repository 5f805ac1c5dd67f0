"""EventExampleGen's work: read, check, fold, write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import TypeAdapter
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto.example_gen_pb2 import FORMAT_TF_EXAMPLE
from tfx.types import artifact_utils

from components.artifacts import DataAccount, Tiles, UserStates
from components.event_example_gen.driver import FINGERPRINT
from transform import features as f
from transform.account import Account, account_for
from transform.dataset import Dataset, load_dataset
from transform.features import Feature
from transform.point_in_time import WriteExamples, rows_written, write_catalogue
from transform.rows import catalogue_rows
from transform.settings import DataSettings, ExampleSettings, SplitSettings
from transform.staging import stage
from transform.tiles import co_view_table, item_table

# Hidden, so that no reader of the splits takes it for one; gone when the node is done.
_STAGING = ".staging"

SPLITS = (f.TRAIN, f.RANKING, f.VALIDATION, f.EVAL, f.CATALOGUE)


def dataset_of(exec_properties: Mapping[str, Any]) -> Dataset:
    """The dataset that a node's execution properties describe.

    Raises:
        DataError: If a dataset breaks a rule of the data contract.
    """
    return load_dataset(
        DataSettings.model_validate_json(exec_properties["data"]),
        TypeAdapter(tuple[Feature, ...]).validate_json(exec_properties["features"]),
        SplitSettings.model_validate_json(exec_properties["split"]),
        ExampleSettings.model_validate_json(exec_properties["example_settings"]),
        exec_properties["seed"],
    )


class Executor(base_beam_executor.BaseBeamExecutor):
    """Writes examples, tiles, user states and the account of the log."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node.

        Raises:
            DataError: If a dataset breaks a rule of the data contract.
        """
        dataset = dataset_of(exec_properties)
        rows = self._write_examples(dataset, _examples_uri(output_dict))
        _write_tiles(dataset, Path(artifact_utils.get_single_uri(output_dict["tiles"])))
        states = Path(artifact_utils.get_single_uri(output_dict["user_states"]))
        _write_table(dataset.user_states(), states / UserStates.USERS_FILE)
        account = account_for(dataset, rows, exec_properties[FINGERPRINT])
        _write_account(
            account, dataset, Path(artifact_utils.get_single_uri(output_dict["account"]))
        )

    def _write_examples(self, dataset: Dataset, folder: str) -> dict[str, int]:
        """Writes all splits; answers with the rows of each."""
        catalogue = catalogue_rows(dataset.log, dataset.shop, dataset.data.items)
        write_catalogue(catalogue, folder)
        staged = stage(dataset.log, dataset.shop, f"{folder}/{_STAGING}")
        with self._make_beam_pipeline() as pipeline:
            pipeline | WriteExamples(staged, folder)
        staged.remove()
        written = {**rows_written(pipeline.result), f.CATALOGUE: catalogue.num_rows}
        return {split: written.get(split, 0) for split in SPLITS}


def _examples_uri(output_dict: dict[str, list[Any]]) -> str:
    examples = artifact_utils.get_single_instance(output_dict["examples"])
    examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
    examples.span = 0
    examples_utils.set_payload_format(examples, FORMAT_TF_EXAMPLE)
    return str(examples.uri)


def _write_tiles(dataset: Dataset, folder: Path) -> None:
    tiles = dataset.shop.tiles
    _write_table(item_table(dataset.log, tiles), folder / Tiles.ITEMS_FILE)
    _write_table(co_view_table(dataset.log, tiles), folder / Tiles.CO_VIEW_FILE)


def _write_account(account: Account, dataset: Dataset, folder: Path) -> None:
    _write_table(dataset.data.events.dead_letters, folder / DataAccount.DEAD_LETTERS_FILE)
    temporary = folder / f".{DataAccount.ACCOUNT_FILE}.part"
    temporary.write_text(account.model_dump_json(indent=2) + "\n")
    temporary.rename(folder / DataAccount.ACCOUNT_FILE)


def _write_table(table: pl.DataFrame, path: Path) -> None:
    """Writes a Parquet file under a temporary name first: half a file is never seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    table.write_parquet(temporary)
    temporary.rename(path)
