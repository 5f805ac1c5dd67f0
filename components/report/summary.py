"""`report.json`: the facts of the page for scripts, as strict JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import yaml

from components.report import sentences
from components.report.data_findings import (
    DRIFT,
    SKEW,
    certificate,
    distances,
    single_features,
)
from components.report.facts import Evaluation, Facts, Slice


def to_json(facts: Facts) -> str:
    """The summary as text.

    Keys:
        settings_hash, run_id, pipeline, created (unix seconds), code: what identifies the run.
        verdict: `blessed`, `infra_blessed`, `summary` (one sentence), `sentences` (one a check).
        quality: `rows`: the recommender first, then each baseline, with metric -> value.
        settings: the settings of the run as a tree.
        slices: evaluation -> list of `feature`, `value`, `count`, `metrics`, `intervals` (of 95 %,
            for those metrics that have one).
        pushed_version: int, or null if the model was not pushed.
        data: `drift` and `skew` (distances of features), `certificate` (rows compared, and the
            features that changed), `single_features` (AUC of each alone).
        lists: what a sample of users is shown, and how that changed (ListSample), or null.
        account, serving (check name -> value), checks, artifacts, versions: as on the page.

    A value that was not measured is null; NaN and infinity never appear.
    """
    return json.dumps(_summary(facts), indent=2, allow_nan=False) + "\n"


def _summary(facts: Facts) -> dict[str, Any]:
    return {
        "pipeline": facts.pipeline,
        "run_id": facts.run_id,
        "created": facts.created,
        "settings_hash": facts.settings_hash,
        "settings": yaml.safe_load(facts.settings) or {},
        "code": facts.code,
        "verdict": {
            "blessed": facts.blessed,
            "infra_blessed": facts.infra_blessed,
            "summary": sentences.verdict(facts),
            "sentences": [check.sentence for check in facts.gate("verdict").checks],
        },
        "quality": {"rows": [{"model": row.model, **row.metrics} for row in facts.quality]},
        "slices": {e.name: _slices(e) for e in facts.evaluations},
        "pushed_version": facts.pushed_version,
        "account": None if facts.account is None else facts.account.model_dump(),
        "data": _data(facts),
        "lists": None if facts.lists is None else facts.lists.model_dump(),
        "serving": {check.name: check.value for check in facts.gate("serving").checks},
        "checks": [
            {"gate": gate.name, **check.model_dump(), "sentence": check.sentence}
            for gate in facts.gates
            for check in gate.checks
        ],
        "artifacts": [artifact.model_dump() for artifact in facts.artifacts],
        "versions": facts.versions,
    }


def _data(facts: Facts) -> dict[str, Any]:
    """What DataGate found."""
    return {
        "drift": [asdict(row) for row in distances(facts, DRIFT)],
        "skew": [asdict(row) for row in distances(facts, SKEW)],
        "certificate": [asdict(row) for row in certificate(facts)],
        "single_features": [asdict(row) for row in single_features(facts)],
    }


def _slices(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [_slice(row) for row in evaluation.slices]


def _slice(row: Slice) -> dict[str, Any]:
    return {
        "feature": row.feature,
        "value": row.value,
        "count": row.count,
        "metrics": {name: measured.value for name, measured in row.metrics.items()},
        "intervals": {
            name: [measured.lower, measured.upper]
            for name, measured in row.metrics.items()
            if measured.lower is not None and measured.upper is not None
        },
    }
