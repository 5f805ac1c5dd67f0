"""The finished run of the pipeline whose recommender is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfx.utils import path_utils

from components.artifacts import Tiles
from components.example_columns import read_batches, read_records
from components.serving_validator.held_out import read_requests
from pipeline.lineage import Lineage
from pipeline.loading import load_settings
from pipeline.serving_folder import pushed_model
from pipeline.settings import Settings
from serving.query import Query
from trainer.recommender.trained import Sources
from transform import features as keys


class NoRunError(RuntimeError):
    """There is no finished run to measure."""


@dataclass(frozen=True)
class HeldOut:
    """A row of the eval split.

    Attributes:
        record: The serialized row.
        target: The item that the user chose.
        seen: The items of the history.
    """

    record: bytes
    target: bytes
    seen: frozenset[bytes]


@dataclass(frozen=True)
class TrainedRun:
    """What the latest run of some settings left.

    Attributes:
        settings: The settings.
        sources: The trained parts of the recommender.
        pushed: The model that was pushed.
        examples: Folder of the raw rows, a subfolder for each split.
    """

    settings: Settings
    sources: Sources
    pushed: Path
    examples: Path

    def held_out(self, limit: int | None) -> list[HeldOut]:
        """Rows of the eval split, all or the first `limit`."""
        rows = [
            HeldOut(record, row[keys.TARGET_ITEM_ID][0], frozenset(row[keys.HISTORY_ITEM_ID]))
            for records, frame in read_batches(
                [self._split(keys.EVAL)],
                {keys.TARGET_ITEM_ID: "bytes", keys.HISTORY_ITEM_ID: "bytes"},
            )
            for record, row in zip(records, frame.iter_rows(named=True), strict=True)
        ]
        return rows[:limit]

    def queries(self, count: int) -> list[Query]:
        """The first rows of the eval split, as a client asks."""
        settings = self.settings
        uris: Sequence[str] = [self._split(keys.EVAL)]
        requests = read_requests(uris, settings.features, settings.aggregates, count)
        return [request.query for request in requests]

    def catalogue_size(self) -> int:
        """Number of items that may be shown."""
        return sum(1 for _ in read_records([self._split(keys.CATALOGUE)]))

    def _split(self, name: str) -> str:
        return str(self.examples / f"Split-{name}")


def latest_run(config: Path) -> TrainedRun:
    """Finds what the latest run has left.

    Raises:
        NoRunError: There was no run that pushed a model, or it was deleted.
    """
    settings = load_settings(config)
    lineage = Lineage.of(settings)

    def output(type_name: str, node: str) -> Path:
        folder = lineage.latest_artifact(type_name, node) if lineage else None
        if folder is None:
            raise NoRunError(
                "This benchmark measures the recommender of a finished run. Received: "
                f"{settings.root}, without an output of {node}. Run `make demo` first."
            )
        return folder

    transformed = output("Examples", "Transform")
    sources = Sources(
        retriever=path_utils.serving_model_path(str(output("Model", "Retriever"))),
        ranker=path_utils.serving_model_path(str(output("Model", "Ranker"))),
        transform_graph=str(output("TransformGraph", "Transform")),
        catalogue_files=(f"{transformed}/Split-{keys.CATALOGUE}/*",),
        validation_files=(f"{transformed}/Split-{keys.VALIDATION}/*",),
        co_view=str(output(Tiles.TYPE_NAME, "EventExampleGen") / Tiles.CO_VIEW_FILE),
    )
    examples = output("Examples", "EventExampleGen")
    return TrainedRun(settings, sources, pushed_model(settings), examples)
