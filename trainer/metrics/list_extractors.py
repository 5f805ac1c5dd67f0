"""What TFX's Evaluator of lists adds to TFMA's extractors (its `module_path`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.api.model_eval_lib import default_extractors
from tensorflow_model_analysis.extractors import extractor, unbatch_extractor

from trainer.metrics.item_table import FILE, ItemTable
from trainer.metrics.kept_models import custom_eval_shared_model
from trainer.metrics.shown_items import LIST_LENGTH, LIST_NUMBERS, measure_lists
from transform import features as keys

__all__ = ["custom_eval_shared_model", "custom_extractors"]  # TFX looks for these two

# Of the columns of a row, what neither slices nor metrics read; taken apart row by row, histories
# and candidates would cost more than the rest of the evaluation.
_UNREAD = (
    keys.HISTORY_ITEM_ID,
    keys.HISTORY_EVENT_TYPE,
    keys.HISTORY_TIME,
    keys.CANDIDATE_ITEM_ID,
    keys.CANDIDATE_PROBABILITY,
    keys.LABEL,
)


def custom_extractors(
    eval_shared_model: Any, eval_config: Any, tensor_adapter_config: Any
) -> list[extractor.Extractor]:
    """TFMA's extractors, with one more where rows still come in batches.

    Args:
        eval_shared_model: The candidate, or the candidate and the blessed model.
        eval_config: What is measured.
        tensor_adapter_config: Passed on.
    """
    models = eval_shared_model if isinstance(eval_shared_model, list) else [eval_shared_model]
    blessed = {spec.name for spec in eval_config.model_specs if spec.is_baseline}
    (candidate,) = [model for model in models if model.model_name not in blessed]
    measure = extractor.Extractor(
        stage_name="MeasureLists",
        ptransform=beam.ParDo(
            MeasureLists(
                Path(candidate.model_path).parent / FILE,
                [model.model_name for model in models] if len(models) > 1 else [],
            )
        ),
    )
    stages = default_extractors(
        eval_shared_model=eval_shared_model,
        eval_config=eval_config,
        tensor_adapter_config=tensor_adapter_config,
    )
    names = [stage.stage_name for stage in stages]
    place = names.index(unbatch_extractor.UNBATCH_EXTRACTOR_STAGE_NAME)
    return [*stages[:place], measure, *stages[place:]]


class MeasureLists(beam.DoFn):
    """Adds `LIST_NUMBERS` to a batch, and takes away what nothing reads."""

    def __init__(self, table: Path, model_names: list[str]) -> None:
        self._table = table
        self._model_names = model_names

    def setup(self) -> None:
        """Reads the table of items, once a worker."""
        self._items = ItemTable.read(self._table)

    def process(self, extracts: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yields the batch."""
        predictions = extracts[constants.PREDICTIONS_KEY]
        by_model = {name: predictions[name] for name in self._model_names} or {"": predictions}
        features = extracts[constants.FEATURES_KEY]
        yield {
            **extracts,
            constants.FEATURES_KEY: {k: v for k, v in features.items() if k not in _UNREAD},
            LIST_NUMBERS: {name: self._numbers(model) for name, model in by_model.items()},
        }

    def _numbers(self, prediction: dict[str, Any]) -> Any:
        shown = np.asarray(prediction["item_id"])[:, :LIST_LENGTH]
        rows = self._items.rows(shown.ravel().tolist()).reshape(shown.shape)
        return measure_lists(rows, self._items)
