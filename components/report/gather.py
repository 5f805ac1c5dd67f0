"""Artifacts -> facts; an input that is left out or holds nothing stays unmeasured."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from tfx.components.util import model_utils

from components import artifacts
from components.checks import read_checks
from components.report import readers
from components.report.calibration import read_calibration
from components.report.evaluations import read_evaluation
from components.report.facts import Artifact, Evaluation, Facts, Gate, Training
from components.report.list_facts import ListSample
from components.report.list_sampling import sample_lists
from trainer.job import HISTORY_FILE
from trainer.tuning.chosen import CHOSEN_FILE
from transform.features import Feature
from transform.job.account import Account

Inputs = Mapping[str, Sequence[Any]]

_GATES = {"data": "data_checks", "verdict": "verdict_checks", "serving": "serving_checks"}
_EVALUATIONS = {"list": "list_evaluation", "ranker": "ranker_evaluation"}
_TRAININGS = {"Retriever": "retriever_run", "Ranker": "ranker_run"}
_LIBRARIES = (
    "tfx",
    "tensorflow",
    "tf-keras",
    "tensorflow-recommenders",
    "tensorflow-transform",
    "tensorflow-model-analysis",
    "tensorflow-data-validation",
    "apache-beam",
    "ml-metadata",
    "implicit",
    "polars",
    "pyarrow",
    "numpy",
)


@dataclass(frozen=True)
class Run:
    """The run that writes the report; None where it is unknown."""

    pipeline: str | None = None
    run_id: str | None = None


def gather(inputs: Inputs, properties: Mapping[str, Any], run: Run, *, created: int) -> Facts:
    """All facts of a run.

    Args:
        inputs: Artifacts by input key (see components.report.component).
        properties: Execution properties: `settings`, `settings_hash`, `features`, `seed`, `code`.
        run: The run that writes the report.
        created: Unix seconds at which it does.
    """
    features = TypeAdapter(tuple[Feature, ...]).validate_json(properties["features"])
    evaluations = _evaluations(inputs)
    ranker = _only(inputs, "ranker_evaluation")
    blessing, infra_blessing = _only(inputs, "blessing"), _only(inputs, "infra_blessing")
    return Facts(
        pipeline=run.pipeline,
        run_id=run.run_id,
        created=created,
        settings=properties["settings"],
        settings_hash=properties["settings_hash"],
        code=properties["code"],
        versions=_versions(),
        features=features,
        account=_account(inputs),
        gates=tuple(_gate(inputs, name, key) for name, key in _GATES.items()),
        blessed=None if blessing is None else model_utils.is_model_blessed(blessing),
        infra_blessed=None
        if infra_blessing is None
        else model_utils.is_infra_validated(infra_blessing),
        pushed_version=_pushed_version(inputs),
        pushed_labels=_pushed_labels(inputs),
        quality=readers.quality(_baselines(inputs), _by_name(evaluations, "list")),
        evaluations=evaluations,
        calibration=() if ranker is None else read_calibration(ranker.uri),
        trainings=_trainings(inputs),
        lists=_lists(inputs, features, properties["seed"]),
        artifacts=_artifacts(inputs),
    )


def _only(inputs: Inputs, key: str) -> Any | None:
    """The artifact of an input, None where there is none."""
    found = inputs.get(key) or ()
    return found[0] if found else None


def _file(inputs: Inputs, key: str, name: str) -> Path | None:
    """A file of an input's artifact, None where the input or the file is missing."""
    artifact = _only(inputs, key)
    path = None if artifact is None else Path(artifact.uri) / name
    return path if path is not None and path.is_file() else None


def _account(inputs: Inputs) -> Account | None:
    path = _file(inputs, "account", artifacts.DataAccount.ACCOUNT_FILE)
    return None if path is None else Account.model_validate_json(path.read_text())


def _gate(inputs: Inputs, name: str, key: str) -> Gate:
    path = _file(inputs, key, artifacts.Checks.CHECKS_FILE)
    if path is None:
        return Gate(name=name)
    return Gate(name=name, measured=True, checks=tuple(read_checks(path)))


def _baselines(inputs: Inputs) -> dict[str, dict[str, float]]:
    path = _file(inputs, "baselines", artifacts.BaselineMetrics.METRICS_FILE)
    return {} if path is None else readers.read_json(path)


def _evaluations(inputs: Inputs) -> tuple[Evaluation, ...]:
    return tuple(
        read_evaluation(name, artifact.uri)
        for name, key in _EVALUATIONS.items()
        if (artifact := _only(inputs, key)) is not None
    )


def _by_name(evaluations: Sequence[Evaluation], name: str) -> Evaluation | None:
    return next((e for e in evaluations if e.name == name), None)


def _trainings(inputs: Inputs) -> tuple[Training, ...]:
    found = []
    for model, key in _TRAININGS.items():
        path = _file(inputs, key, HISTORY_FILE)
        if path is not None:
            searched = _file(inputs, key, CHOSEN_FILE)
            chosen = {} if searched is None else readers.read_json(searched)
            history = readers.read_json(path)
            found.append(Training(model=model, history=history, chosen=chosen))
    return tuple(found)


def _lists(inputs: Inputs, features: Sequence[Feature], seed: int) -> ListSample | None:
    examples, model = _only(inputs, "examples"), _only(inputs, "model")
    if examples is None or model is None:
        return None
    return sample_lists(
        examples=examples,
        model=model,
        baseline_model=_only(inputs, "baseline_model"),
        tiles=_only(inputs, "tiles"),
        features=features,
        seed=seed,
    )


def _pushed_version(inputs: Inputs) -> int | None:
    """The version directory; None if nothing was pushed."""
    pushed = _only(inputs, "pushed_model")
    if pushed is None or pushed.get_int_custom_property("pushed") != 1:
        return None
    return int(pushed.get_string_custom_property("pushed_version"))


def _pushed_labels(inputs: Inputs) -> tuple[str, ...]:
    """The labels that the push moved; none if nothing was pushed."""
    pushed = _only(inputs, "pushed_model")
    said = "" if pushed is None else pushed.get_string_custom_property("pushed_labels")
    return tuple(said.split(",")) if said else ()


def _artifacts(inputs: Inputs) -> tuple[Artifact, ...]:
    return tuple(
        Artifact(
            role=key,
            type_name=artifact.type_name,
            id=artifact.id,
            uri=artifact.get_string_custom_property(artifacts.STORED_AT) or artifact.uri,
        )
        for key, found in inputs.items()
        for artifact in found
    )


def _versions() -> dict[str, str]:
    """Versions of Python and of the libraries that results depend on."""
    versions = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    return {"python": platform.python_version(), **versions}
