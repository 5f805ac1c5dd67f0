"""EventExampleGen's work: runs the job, and publishes what it found."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import polars as pl
from pydantic import TypeAdapter
from tfx.dsl.components.base import base_beam_executor
from tfx.proto.example_gen_pb2 import FORMAT_TF_EXAMPLE, PayloadFormat
from tfx.types import artifact_utils

from components.artifacts import DataAccount, Tiles, UserStates
from components.input_fingerprint import FINGERPRINT
from components.local_workers import COLUMNS, with_local_workers, worker_environment
from transform import features as f
from transform.aggregates import parse_aggregates
from transform.aggregation.tiles import co_view_table, item_table
from transform.errors import DataError
from transform.features import Feature
from transform.job.account import Account, account_for
from transform.job.example_job import ExampleJob
from transform.job.facts import JobFacts
from transform.job.shards import write_catalogue
from transform.job.tables import join, make_folder, remove_folder, write_parquet, write_text
from transform.point_in_time import WriteExamples, read_facts
from transform.published_fold import FOLD_FILE
from transform.reading.event_source import EventReader
from transform.reading.fingerprint import data_fingerprint
from transform.rows.catalogue import catalogue_rows
from transform.rows.user_states import published_fold
from transform.settings import DataSettings, ExampleSettings, SplitSettings
from transform.splits import refuse_unshown

# Hidden, so that no reader of the splits takes it for one; gone when the node is done.
_WORK = ".work"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Writes examples, tiles, user states and the account of the log."""

    _beam_pipeline_args: list[str]

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node. What it has written when it fails is removed by TFX.

        Raises:
            DataError: If a dataset breaks a rule of the data contract.
        """
        folders = {name: artifact_utils.get_single_uri(output_dict[name]) for name in output_dict}
        declared = _Declared(exec_properties)
        self._write(declared, folders)
        splits = f.splits(shown=declared.examples.shown_held_out)
        _describe(artifact_utils.get_single_instance(output_dict["examples"]), splits)

    def _write(self, declared: _Declared, folders: Mapping[str, str]) -> None:
        job = declared.job(folders)
        job.prepare()
        self._beam_pipeline_args = with_local_workers(
            self._beam_pipeline_args,
            size=sum(file.file.size for file in job.reader.files),
            cores=len(os.sched_getaffinity(0)),
        )
        with worker_environment(COLUMNS), self._make_beam_pipeline() as pipeline:
            pipeline | WriteExamples(job)
        facts = read_facts(job)
        declared.refuse_changed_files()
        refuse_unshown(facts.rows_out)
        # The catalogue is what it was when the training period ended.
        end = facts.periods["training"]["last_time"]
        known_until = declared.known_until(facts.periods)
        catalogue = catalogue_rows(job.shop, job.described_items, end, known_until)
        write_catalogue(catalogue, job.output)
        _write_tiles(job, folders["tiles"])
        _write_fold(job, facts, folders["user_states"])
        account = account_for(
            facts,
            job.reader,
            job.shop.items,
            job.described_items,
            declared.data.users is not None,
            catalogue.num_rows,
            declared.fingerprint,
        )
        _write_account(account, facts, folders["account"])
        remove_folder(job.work)


class _Declared:
    """What the settings declare, as it travels in execution properties."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self.data = DataSettings.model_validate_json(properties["data"])
        self.features = TypeAdapter(tuple[Feature, ...]).validate_json(properties["features"])
        self.aggregates = parse_aggregates(properties["aggregates"])
        self.split = SplitSettings.model_validate_json(properties["split"])
        self.examples = ExampleSettings.model_validate_json(properties["example_settings"])
        self.seed: int = properties["seed"]
        self.fingerprint: str = properties.get(FINGERPRINT, "")

    def refuse_changed_files(self) -> None:
        """Holds the files against the fingerprint under which the rows will be kept.

        Raises:
            DataError: If files came, went or changed while they were read.
        """
        if self.fingerprint and data_fingerprint(self.data) != self.fingerprint:
            raise DataError(
                "The input must not change while it is read. Received: files that came, went or "
                "changed since the node began. Run again; where a log keeps growing, read only "
                "what is complete (`data.window.until`)."
            )

    def known_until(self, periods: Mapping[str, Mapping[str, Any]]) -> int:
        """The last moment of what a model may learn from (unix seconds).

        Under `leave_one_out` the periods of users overlap, and item aggregates count training
        events alone: there is no later moment than the end of these.
        """
        last = "validation" if self.split.protocol == "time" else "training"
        return int(periods[last]["last_time"])

    def job(self, folders: Mapping[str, str]) -> ExampleJob:
        return ExampleJob(
            reader=EventReader.open(self.data, self.features),
            data=self.data,
            features=self.features,
            aggregates=self.aggregates,
            split=self.split,
            examples=self.examples,
            seed=self.seed,
            work=join(folders["examples"], _WORK),
            output=folders["examples"],
            states=join(folders["user_states"], UserStates.USERS_FILE),
            dead_letters=join(folders["account"], DataAccount.DEAD_LETTERS_FILE),
        )


def _describe(examples: Any, splits: list[str]) -> None:
    examples.split_names = artifact_utils.encode_split_names(splits)
    examples.span = 0
    # What TFX's helper sets, which would load TensorFlow for it.
    examples.set_string_custom_property("payload_format", PayloadFormat.Name(FORMAT_TF_EXAMPLE))


def _write_tiles(job: ExampleJob, folder: str) -> None:
    make_folder(folder)
    shop = job.shop
    write_parquet(join(folder, Tiles.ITEMS_FILE), item_table(shop.items, shop.tiles))
    write_parquet(join(folder, Tiles.CO_VIEW_FILE), co_view_table(shop.items, shop.tiles))


def _write_fold(job: ExampleJob, facts: JobFacts, folder: str) -> None:
    end = max(period["last_time"] for period in facts.periods.values() if period["events"])
    fold = published_fold(job.shop, end)
    write_text(join(folder, FOLD_FILE), fold.model_dump_json(indent=2) + "\n")


def _write_account(account: Account, facts: JobFacts, folder: str) -> None:
    partitions = pl.DataFrame([part.model_dump() for part in facts.partitions])
    write_parquet(join(folder, DataAccount.PARTITIONS_FILE), partitions)
    write_text(join(folder, DataAccount.ACCOUNT_FILE), account.model_dump_json(indent=2) + "\n")
