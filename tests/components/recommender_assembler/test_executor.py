"""What the node refuses before it composes anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from tfx.types import artifact_utils, standard_artifacts

from components.artifacts import Tiles
from components.recommender_assembler.executor import Executor
from trainer.settings import RecommenderSettings
from transform.errors import DataError
from transform.features import splits
from transform.settings import ExampleSettings, SplitSettings


def test_rows_of_a_training_without_shown_lists_are_refused_where_scores_are_fitted_to_them(
    tmp_path: Path,
) -> None:
    examples = standard_artifacts.Examples()
    examples.split_names = artifact_utils.encode_split_names(splits(shown=False))
    given = {
        "retriever": standard_artifacts.Model(),
        "ranker": standard_artifacts.Model(),
        "transform_graph": standard_artifacts.TransformGraph(),
        "tiles": Tiles(),
        "transformed_examples": examples,
    }
    for name, artifact in given.items():
        artifact.uri = str(tmp_path / name)
    properties = {
        "settings": RecommenderSettings(calibration="shown").model_dump_json(),
        "example_settings": ExampleSettings().model_dump_json(),
        "split": SplitSettings().model_dump_json(),
        "code": "",
    }
    with pytest.raises(DataError, match=r"rows of lists that were shown.*Train a model with them"):
        Executor().Do({name: [one] for name, one in given.items()}, {}, properties)
