"""What is watched of the traffic, against the bounds that let the model pass."""

from __future__ import annotations

from typing import Any

from components.checks import Bound
from components.traffic import metrics
from pipeline.deployment.alert_rule import alert_rule
from pipeline.deployment.panel import Panel
from pipeline.deployment.settings import Objectives
from pipeline.gates import Gates

_POSITIVES = 100  # with fewer, chance alone moves the calibration
_UNMEASURED_SECONDS = 2 * 3600
_NO_EVENT_SECONDS = 6 * 3600  # longer than the quiet of a night
_DAY_SECONDS = 86_400


def rules(objectives: Objectives, gates: Gates) -> list[dict[str, Any]]:
    """The alert rules.

    Args:
        objectives: What callers are promised.
        gates: The bounds of the run.
    """
    calibration, entropy = _ranker(gates, "calibration"), _ranker(gates, "normalised_entropy")
    enough = f"{metrics.POSITIVES} >= {_POSITIVES}"
    [coverage, _] = gates.verdict.coverage
    return [
        alert_rule(
            "ScoresDrift",
            f"{metrics.SCORE_DRIFT} - {metrics.SCORE_DRIFT_NOISE} > "
            f"{gates.data.number_drift.upper:g}",
            "ticket",
            "The served scores lie elsewhere than in the days before: a feature upstream, or a new "
            "model.",
        ),
        alert_rule(
            "Miscalibrated",
            f"({metrics.CALIBRATION} < {calibration.lower:g} or "
            f"{metrics.CALIBRATION} > {calibration.upper:g}) and {enough}",
            "ticket",
            f"On what is served, {calibration.why}.",
        ),
        alert_rule(
            "Uninformative",
            f"{metrics.NORMALISED_ENTROPY} > {entropy.upper:g} and {enough}",
            "ticket",
            f"On what is served, {entropy.why}.",
        ),
        alert_rule(
            "FallingBack",
            f"{metrics.FALLBACK_SHARE} > {objectives.fallback_share:g}",
            "page",
            "Too many lists are the fallback of popular items: model or store give no answer in "
            "time.",
        ),
        alert_rule(
            "Collapsed",
            f"{metrics.COVERAGE} < {coverage.lower:g}",
            "ticket",
            "Of the items that could have been shown nearly none was.",
        ),
        alert_rule(
            "ModelStale",
            f"{metrics.MODEL_AGE} > {objectives.model_days * _DAY_SECONDS:g}",
            "ticket",
            f"No model of the last {objectives.model_days:g} days answers; the reports of the runs "
            "say what withheld them.",
        ),
        alert_rule(
            "TrafficUnmeasured",
            # A watch that nobody started tells nothing, and has no age.
            f"time() - {metrics.MEASURED_AT} > {_UNMEASURED_SECONDS} or "
            f"absent({metrics.MEASURED_AT})",
            "ticket",
            "Nothing was measured for two hours; the log of `sluice stream watch` says why.",
            lasting="30m",  # the first measurement takes its time
        ),
        alert_rule(
            "NoEvents",
            f"time() - {metrics.LAST_EVENT} > {_NO_EVENT_SECONDS}",
            "ticket",
            "The newest event of the log is six hours old: the application sends none, or the "
            "compactor writes none.",
        ),
    ]


def panels(objectives: Objectives, gates: Gates) -> list[Panel]:
    """The panels of the dashboard; the arguments are those of `rules`."""
    [coverage, _] = gates.verdict.coverage
    return [
        Panel(
            "Share of fallbacks",
            "percentunit",
            {"fallbacks": metrics.FALLBACK_SHARE},
            objectives.fallback_share,
        ),
        Panel(
            "Drift of the served scores",
            "short",
            {"beyond chance": f"{metrics.SCORE_DRIFT} - {metrics.SCORE_DRIFT_NOISE}"},
            gates.data.number_drift.upper,
        ),
        Panel(
            "Promised deeds for each that happened",
            "short",
            {"calibration": metrics.CALIBRATION},
            _ranker(gates, "calibration").upper,
        ),
        Panel(
            "Normalised entropy of the served scores",
            "short",
            {"normalised entropy": metrics.NORMALISED_ENTROPY},
            _ranker(gates, "normalised_entropy").upper,
        ),
        Panel(
            "Share of the catalogue that is shown",
            "percentunit",
            {"coverage": metrics.COVERAGE},
            coverage.lower,
        ),
        Panel(
            "Popularity of what is shown over what is taken",
            "short",
            {"popularity lift": metrics.POPULARITY_LIFT},
        ),
        Panel(
            "Age of the model that answers",
            "s",
            {"age": metrics.MODEL_AGE},
            objectives.model_days * _DAY_SECONDS,
        ),
        Panel(
            "What is measured",
            "short",
            {"lists": metrics.LISTS, "positives": metrics.POSITIVES},
        ),
        Panel(
            "Age of the measures",
            "s",
            {
                "measured": f"time() - {metrics.MEASURED_AT}",
                "newest event": f"time() - {metrics.LAST_EVENT}",
            },
        ),
        Panel(
            "Measurements that failed",
            "short",
            {"failures": f"increase({metrics.FAILURES}[1h])"},
        ),
    ]


def _ranker(gates: Gates, name: str) -> Bound:
    return next(bound for bound in gates.verdict.ranker if bound.name == name)
