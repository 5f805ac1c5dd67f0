"""A Grafana dashboard: what callers see on top, what the server does below."""

from __future__ import annotations

from typing import Any

from pipeline.deployment import metrics
from pipeline.deployment.settings import ServingSettings

_WIDTH, _HEIGHT, _COLUMNS = 12, 8, 2  # of a panel, on a grid 24 wide
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WINDOW = "$__rate_interval"

# Title, unit, legend -> query, and the line that should not be crossed.
_Panel = tuple[str, str, dict[str, str], float | None]


def dashboard(serving: ServingSettings) -> dict[str, Any]:
    """The dashboard; the data source is chosen when it is imported."""
    return {
        "uid": "sluice-recommender",
        "title": "Recommender",
        "tags": ["sluice"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Data source",
                    "type": "datasource",
                    "query": "prometheus",
                }
            ]
        },
        "panels": [
            _panel(number, *panel)
            for number, panel in enumerate([*_callers_see(serving), *_the_server_does()])
        ],
    }


def _callers_see(serving: ServingSettings) -> list[_Panel]:
    promises = serving.objectives
    return [
        ("Requests", "reqps", {"{{status}}": metrics.requests(_WINDOW, by="status")}, None),
        (
            "Share that the server failed",
            "percentunit",
            {"failed": metrics.fault_ratio(_WINDOW)},
            1 - promises.availability,
        ),
        (
            "Time of an answer",
            "ms",
            _latencies(metrics.LATENCY),
            promises.latency_ms,
        ),
        (
            "Share of slow answers",
            "percentunit",
            {"slow": metrics.slow_ratio(promises, _WINDOW)},
            1 - promises.latency_share,
        ),
    ]


def _the_server_does() -> list[_Panel]:
    return [
        ("Time in the model", "ms", _latencies(metrics.RUNTIME), None),
        (
            "Versions loaded, and not",
            "short",
            {
                "{{model_path}} {{status}}": "sum by (model_path, status) "
                f"(increase({metrics.LOADS}[{_WINDOW}]))"
            },
            None,
        ),
        (
            "Time to load a version",
            "µs",
            {"{{model_path}}": f"max by (model_path) ({metrics.LOAD_MICROS})"},
            None,
        ),
        (
            "Servers that answer",
            "short",
            {"up": f'sum (up{{job="{metrics.JOB}"}})'},
            None,
        ),
    ]


def _latencies(metric: str) -> dict[str, str]:
    return {f"p{100 * q:g}": metrics.latency_ms(q, _WINDOW, metric) for q in (0.5, 0.95, 0.99)}


def _panel(
    number: int, title: str, unit: str, queries: dict[str, str], limit: float | None
) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if limit is not None:
        steps.append({"color": "red", "value": round(limit, 9)})
    row, column = divmod(number, _COLUMNS)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": {"thresholdsStyle": {"mode": "off" if limit is None else "line"}},
            },
            "overrides": [],
        },
        "targets": [
            {"refId": chr(ord("A") + i), "datasource": _SOURCE, "expr": query, "legendFormat": name}
            for i, (name, query) in enumerate(queries.items())
        ],
    }
