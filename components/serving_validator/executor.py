"""The ServingValidator node's work."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import Checks
from components.checks import Bound, Check, write_checks
from components.example_columns import read_columns
from components.serving_validator.features import feature_names
from components.serving_validator.held_out import find_transformed, read_requests
from components.serving_validator.host import version_to_replace
from components.serving_validator.validation import TryOut
from transform import features as keys
from transform.aggregates import parse_aggregates
from transform.features import Feature

logger = logging.getLogger(__name__)

_SAMPLE = 256  # held-out rows that are replayed


class Executor(base_executor.BaseExecutor):
    """Writes `checks.json`, the warm-up requests and the blessing."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node."""
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        checks_folder = Path(artifact_utils.get_single_uri(output_dict["checks"]))
        for folder in (Path(blessing.uri), checks_folder):
            folder.mkdir(parents=True, exist_ok=True)
        checks = _try_out(input_dict, exec_properties).run(Path(blessing.uri))
        for check in checks:
            logger.log(logging.INFO if check.passed else logging.WARNING, "%s", check.sentence)
        write_checks(checks_folder / Checks.CHECKS_FILE, checks)
        _bless(blessing, artifact_utils.get_single_instance(input_dict["model"]), checks)


def _try_out(inputs: dict[str, list[Any]], properties: dict[str, Any]) -> TryOut:
    def split(key: str, name: str) -> list[str]:
        return list(artifact_utils.get_split_uris(inputs[key], name))

    def model(key: str) -> Path:
        return Path(path_utils.serving_model_path(artifact_utils.get_single_uri(inputs[key])))

    features = TypeAdapter(list[Feature]).validate_json(properties["features"])
    aggregates = parse_aggregates(properties["aggregates"])
    requests = read_requests(split("examples", keys.EVAL), features, aggregates, _SAMPLE)
    if not requests:
        raise ValueError(
            "A model is tried out with held-out rows. Received: an eval split without any. "
            "Give the evaluation period more events."
        )
    rows = find_transformed(
        split("transformed_examples", keys.EVAL), [request.identity for request in requests]
    )
    catalogue = read_columns(split("examples", keys.CATALOGUE), {keys.ITEM_ID: "bytes"})
    return TryOut(
        model=model("model"),
        retriever=model("retriever"),
        requests=requests,
        transformed=[rows.get(request.identity) for request in requests],
        features=feature_names(features, aggregates),
        items=len(catalogue),
        exclude_seen=bool(properties["exclude_seen"]),
        served=version_to_replace(Path(properties["served_folder"])),
        bounds=TypeAdapter(list[Bound]).validate_json(properties["bounds"]),
    )


def _bless(blessing: Any, model: Any, checks: Sequence[Check]) -> None:
    """Marks the blessing as TFX's InfraValidator does, and says which model it is about."""
    passed = all(check.passed for check in checks)
    blessing.set_int_custom_property("current_model_id", model.id)
    blessing.set_int_custom_property("blessed", int(passed))
    (Path(blessing.uri) / ("INFRA_BLESSED" if passed else "INFRA_NOT_BLESSED")).touch()
