"""The RecommenderAssembler's work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import Tiles
from components.training_period import period_of_tiles, write_period
from trainer.recommender.assembly import Assembled, assemble
from trainer.recommender.record import Earlier, Record
from trainer.recommender.trained import Sources
from trainer.settings import RecommenderSettings
from transform import features as keys
from transform.errors import DataError
from transform.settings import ExampleSettings, SplitSettings

CALIBRATION_FILE = "assets.extra/calibration.json"
_LISTS = keys.SHOWN[keys.VALIDATION]


class Executor(base_executor.BaseExecutor):
    """Assembles, calibrates and writes the composed SavedModel."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node."""

        def split(name: str) -> tuple[str, ...]:
            uris = artifact_utils.get_split_uris(input_dict["transformed_examples"], name)
            return tuple(f"{uri}/*" for uri in uris)

        def single(key: str) -> Any:
            return artifact_utils.get_single_instance(input_dict[key])

        settings = RecommenderSettings.model_validate_json(exec_properties["settings"])
        if settings.fits_shown_lists:
            _refuse_without_lists(single("transformed_examples").split_names)
        sources = Sources(
            retriever=path_utils.serving_model_path(single("retriever").uri),
            ranker=path_utils.serving_model_path(single("ranker").uri),
            transform_graph=single("transform_graph").uri,
            catalogue_files=split(keys.CATALOGUE),
            validation_files=split(keys.VALIDATION),
            co_view=str(Path(single("tiles").uri) / Tiles.CO_VIEW_FILE),
            shown_files=split(_LISTS) if settings.fits_shown_lists else (),
        )
        examples = ExampleSettings.model_validate_json(exec_properties["example_settings"])
        code = exec_properties["code"]
        base = input_dict.get("base")
        earlier = Earlier.read(base[0].uri, code=code) if base else None
        assembled = assemble(sources, settings, examples, earlier)
        output = artifact_utils.get_single_uri(output_dict["model"])
        directory = Path(path_utils.serving_model_dir(output))
        assembled.served.save(directory)
        _write_record(assembled, settings, examples, code, output)
        path = directory / CALIBRATION_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        fitted = {
            name: calibration.model_dump() for name, calibration in assembled.calibrations.items()
        }
        path.write_text(json.dumps(fitted, indent=2) + "\n")
        held_out = SplitSettings.model_validate_json(exec_properties["split"])
        tiles = Path(single("tiles").uri) / Tiles.ITEMS_FILE
        period = period_of_tiles(tiles, held_out.protocol)
        if assembled.last_time is not None:
            last_time = max(period.last_time, assembled.last_time)
            period = period.model_copy(update={"last_time": last_time})
        write_period(directory, period)


def _refuse_without_lists(written: str) -> None:
    """Refuses rows of a training by other settings."""
    if _LISTS not in artifact_utils.decode_split_names(written):
        raise DataError(
            "`recommender: {calibration: shown}` needs rows of lists that were shown. Received: "
            f"the splits {written}. Train a model with them first (sluice run)."
        )


def _write_record(
    assembled: Assembled,
    settings: RecommenderSettings,
    examples: ExampleSettings,
    code: str,
    folder: str,
) -> None:
    directions = assembled.directions
    record = Record(
        settings=settings,
        examples=examples,
        code=code,
        calibrations=assembled.calibrations,
        share_read=None if directions is None else directions.share_read,
    )
    Earlier(record, directions, assembled.items, assembled.ranker_vectors).write(folder)
