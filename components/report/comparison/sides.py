"""Two reports -> all in which their runs differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from components.report.comparison.metrics import MetricPair, quality_pairs, slice_pairs
from components.report.comparison.trees import Difference, differences

_LISTED_APART = ("eval_targets_sha256",)  # said in a sentence of its own


@dataclass(frozen=True)
class Side:
    """One of the two runs.

    Attributes:
        label: How it was asked for: a run's id or a folder.
        run_id: Run that wrote the report.
        created: When, unix seconds.
        settings_hash: Digest of its settings.
        code: Fingerprint of its code.
        verdict: What became of the model, in a sentence.
        blessed: The Verdict's word.
        infra_blessed: The ServingValidator's word.
        pushed_version: Version it pushed.
        failed: The sentences of its failed checks.
    """

    label: str
    run_id: str | None
    created: int | None
    settings_hash: str
    code: str
    verdict: str
    blessed: bool | None
    infra_blessed: bool | None
    pushed_version: int | None
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Run A against run B.

    Attributes:
        a: The one run.
        b: The other run.
        same_targets: Whether both answered the same test requests; only then metrics compare.
        settings: Settings that differ; None where a report does not hold its settings.
        data: Numbers of the data accounts that differ.
        versions: Libraries that differ.
        checks: Checks that one passed and the other did not, or did not make: `gate: name`.
        quality: The recommender and the baselines.
        metrics: Metrics by slice, those of all rows first.
    """

    a: Side
    b: Side
    same_targets: bool | None
    settings: list[Difference] | None
    data: list[Difference]
    versions: list[Difference]
    checks: list[Difference]
    quality: list[MetricPair]
    metrics: list[MetricPair]


def compare(a: Mapping[str, Any], b: Mapping[str, Any], labels: tuple[str, str]) -> Comparison:
    """Compares two runs by what their `report.json` say.

    Args:
        a: The one report.
        b: The other report.
        labels: How the two were asked for.
    """
    settings = [report.get("settings") for report in (a, b)]
    targets = [_account(report).get("eval_targets_sha256") for report in (a, b)]
    return Comparison(
        a=_side(a, labels[0]),
        b=_side(b, labels[1]),
        same_targets=None if None in targets else targets[0] == targets[1],
        settings=None if None in settings else differences(*(s or {} for s in settings)),
        data=[d for d in differences(_account(a), _account(b)) if d.name not in _LISTED_APART],
        versions=differences(a.get("versions") or {}, b.get("versions") or {}),
        checks=differences(_checks(a), _checks(b)),
        quality=quality_pairs(a, b),
        metrics=slice_pairs(a, b),
    )


def to_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain values; each metric also with its difference, B minus A."""
    found: dict[str, Any] = asdict(comparison)
    for name in ("quality", "metrics"):
        found[name] = [
            {**asdict(pair), "difference": pair.difference, "better": pair.better}
            for pair in getattr(comparison, name)
        ]
    plain: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    return plain


def _side(report: Mapping[str, Any], label: str) -> Side:
    verdict = report.get("verdict") or {}
    return Side(
        label=label,
        run_id=report.get("run_id"),
        created=report.get("created"),
        settings_hash=report.get("settings_hash") or "",
        code=report.get("code") or "",
        verdict=verdict.get("summary") or "",
        blessed=verdict.get("blessed"),
        infra_blessed=verdict.get("infra_blessed"),
        pushed_version=report.get("pushed_version"),
        failed=tuple(c["sentence"] for c in report.get("checks") or () if not c["passed"]),
    )


def _account(report: Mapping[str, Any]) -> Mapping[str, Any]:
    return report.get("account") or {}


def _checks(report: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{check['gate']}: {check['name']}": "pass" if check["passed"] else "fail"
        for check in report.get("checks") or ()
    }
