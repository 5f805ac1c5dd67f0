"""The Verdict node's work."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfx.components.evaluator import constants
from tfx.components.util import model_utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import BaselineMetrics, Checks
from components.checks import Check, read_checks, write_checks
from components.example_columns import read_columns, read_records
from components.training_period import read_period
from components.verdict.evaluation import read_evaluation
from components.verdict.judge import Evidence, judge
from components.verdict.off_policy import ShownLists, off_policy_checks
from components.verdict.rules import VerdictRules
from transform import features as keys

logger = logging.getLogger(__name__)

_EVALUATORS = {"RankerEvaluator": "ranker_blessing", "ListEvaluator": "list_blessing"}


class Executor(base_executor.BaseExecutor):
    """Writes `checks.json` and the blessing."""

    def Do(
        self,
        input_dict: dict[str, list[Any]],
        output_dict: dict[str, list[Any]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the node."""
        rules = VerdictRules.model_validate_json(exec_properties["rules"])
        evidence = _evidence(input_dict)
        shown = ShownLists.of(exec_properties, _uri(input_dict, "user_states"))
        checks = [
            *judge(evidence, rules),
            *off_policy_checks(
                shown,
                _models(input_dict),
                evidence.training,
                min(evidence.request_times, default=None),
                rules.off_policy,
            ),
        ]
        for check in checks:
            logger.log(logging.INFO if check.passed else logging.WARNING, "%s", check.sentence)
        folder = Path(artifact_utils.get_single_uri(output_dict["checks"]))
        folder.mkdir(parents=True, exist_ok=True)
        write_checks(folder / Checks.CHECKS_FILE, checks)
        _bless(artifact_utils.get_single_instance(output_dict["blessing"]), input_dict, checks)


def _uri(inputs: dict[str, list[Any]], key: str) -> str:
    return str(artifact_utils.get_single_uri(inputs[key]))


def _models(inputs: dict[str, list[Any]]) -> tuple[Path, Path | None]:
    """The candidate's SavedModel and the blessed one's, if there is one."""
    candidate, *blessed = [
        Path(path_utils.serving_model_dir(model.uri))
        for model in (*inputs["model"], *(inputs.get("baseline_model") or []))
    ]
    return candidate, next(iter(blessed), None)


def _evidence(inputs: dict[str, list[Any]]) -> Evidence:
    def uris(split: str) -> list[str]:
        return list(artifact_utils.get_split_uris(inputs["examples"], split))

    model = artifact_utils.get_single_instance(inputs["model"])
    requests = read_columns(uris(keys.EVAL), {keys.REQUEST_TIME: "int"})
    return Evidence(
        ranker=read_evaluation(_uri(inputs, "ranker_evaluation")),
        lists=read_evaluation(_uri(inputs, "list_evaluation")),
        evaluators={
            name: model_utils.is_model_blessed(artifact_utils.get_single_instance(inputs[key]))
            for name, key in _EVALUATORS.items()
        },
        baselines=json.loads(
            (Path(_uri(inputs, "baselines")) / BaselineMetrics.METRICS_FILE).read_text()
        ),
        data=read_checks(Path(_uri(inputs, "data_checks")) / Checks.CHECKS_FILE),
        items=sum(1 for _ in read_records(uris(keys.CATALOGUE))),
        training=read_period(Path(path_utils.serving_model_dir(model.uri))),
        request_times=requests[keys.REQUEST_TIME].explode().to_list(),
    )


def _bless(blessing: Any, inputs: dict[str, list[Any]], checks: Sequence[Check]) -> None:
    """Marks the blessing as TFX's Evaluator does, so that its resolvers and pushers read it."""
    failed = [check.sentence for check in checks if not check.passed]
    model = artifact_utils.get_single_instance(inputs["model"])
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    for baseline in inputs.get("baseline_model") or []:
        blessing.set_string_custom_property(
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY, baseline.uri
        )
        blessing.set_int_custom_property(
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_ID_KEY, baseline.id
        )
    blessing.set_int_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSED_KEY,
        constants.NOT_BLESSED_VALUE if failed else constants.BLESSED_VALUE,
    )
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSING_MESSAGE_KEY,
        "\n".join(failed) or f"All {len(checks)} checks passed.",
    )
    folder = Path(blessing.uri)
    folder.mkdir(parents=True, exist_ok=True)
    name = constants.NOT_BLESSED_FILE_NAME if failed else constants.BLESSED_FILE_NAME
    (folder / name).touch()
