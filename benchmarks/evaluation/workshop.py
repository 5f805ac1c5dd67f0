"""The folder of a benchmark run: a log, a model trained on it, and requests for it."""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from google.protobuf import json_format

from benchmarks.evaluation.sizes import Sizes
from benchmarks.kept import simulated_log
from benchmarks.processes import Cost, SideError, run_module
from benchmarks.seeded_run import newest
from benchmarks.workplace import Workplace
from components.example_columns import read_records
from pipeline.eval_configs import list_eval_config
from pipeline.gates import Gates
from pipeline.loading import load_settings
from transform import features as keys

SETTINGS = Path(__file__).with_name("settings.yaml")
_SEED = 7
_FILES = 8
_WITHHELD = 3  # the code of a run whose model a gate withholds: it is hardly trained


@dataclass(frozen=True)
class Workshop:
    """Where everything of a run lies.

    Attributes:
        folder: The log, what the pipeline writes, the requests, and what the sides write.
        sizes: How large everything is.
    """

    folder: Path
    sizes: Sizes

    @functools.cached_property
    def _place(self) -> Workplace:
        return Workplace(self.folder, self.sizes.events, SETTINGS)

    def prepare(self) -> None:
        """Makes the log, the model and the requests, as far as they are not there yet."""
        simulated_log(self._place.log, events=self.sizes.events, seed=_SEED)
        os.environ.update(self._place.run().variables)
        if not list(
            self._place.home.glob("root/artifacts/RecommenderAssembler/model/*/items.parquet")
        ):
            sluice = Path(sys.executable).with_name("sluice")
            code = subprocess.run([sluice, "run", "--config", SETTINGS]).returncode
            if code not in (0, _WITHHELD):
                raise SideError(f"The pipeline must end with code 0 or 3. Received: {code}.")
        if not self._requests.exists():
            self._repeat_requests()

    @property
    def _requests(self) -> Path:
        return self._place.home / f"requests-{self.sizes.queries}"

    def _artifact(self, node: str, key: str) -> Path:
        return newest(self._place.run().root, node, key)

    def _repeat_requests(self) -> None:
        """The held-out requests of the log, over and over until they are enough.

        In as many files as a log with so many of them would have brought.
        """
        held_out = self._artifact("EventExampleGen", "examples") / f"Split-{keys.EVAL}"
        rows = list(read_records([str(held_out)]))
        draft = self._requests.with_name(f".{self._requests.name}.part")
        shutil.rmtree(draft, ignore_errors=True)
        target = draft / held_out.name
        target.mkdir(parents=True)
        options = tf.io.TFRecordOptions(compression_type="GZIP")
        for shard in range(_FILES):
            name = f"data_tfrecord-{shard:05d}-of-{_FILES:05d}.gz"
            with tf.io.TFRecordWriter(str(target / name), options) as file:
                for row in itertools.islice(
                    itertools.cycle(rows), shard, self.sizes.queries, _FILES
                ):
                    file.write(row)
        draft.rename(self._requests)

    def evaluate(self) -> Cost:
        """The Evaluator of lists over all requests."""
        settings = load_settings(SETTINGS)
        config = self._place.home / "eval_config.json"
        of = list_eval_config(Gates(), settings.features, settings.slices)
        config.write_text(json_format.MessageToJson(of))
        model = self._artifact("RecommenderAssembler", "model")
        return self._side("evaluator_side", model, self._requests, config, self._fresh("evaluator"))

    def ask(self) -> Cost:
        """The model server, a call for each of some requests."""
        base = self._fresh("served")
        model = self._artifact("RecommenderAssembler", "model") / "Format-Serving"
        shutil.copytree(model, base / "1")
        records = self._requests / f"Split-{keys.EVAL}"
        return self._side("server_side", base, records, self.sizes.calls)

    def _fresh(self, name: str) -> Path:
        folder = self._place.home / "sides" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _side(self, module: str, *arguments: object) -> Cost:
        said = self._place.said(module)
        return run_module(f"benchmarks.evaluation.{module}", *arguments, said=said)
