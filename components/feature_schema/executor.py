"""FeatureSchema's work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from pydantic import TypeAdapter
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.statistics import read_statistics
from transform.aggregates import parse_aggregates
from transform.features import Feature
from transform.schema import build_schema

_FILE = "schema.pbtxt"


class Executor(base_executor.BaseExecutor):
    """Builds and writes the schema."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node."""
        features = TypeAdapter(tuple[Feature, ...]).validate_json(exec_properties["features"])
        aggregates = parse_aggregates(exec_properties["aggregates"])
        labels = json.loads(exec_properties["labels"])
        statistics = read_statistics(input_dict["statistics"])
        schema = build_schema(features, statistics, aggregates, labels)
        folder = Path(artifact_utils.get_single_uri(output_dict["schema"]))
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{_FILE}.part"
        temporary.write_text(text_format.MessageToString(schema))
        temporary.rename(folder / _FILE)
