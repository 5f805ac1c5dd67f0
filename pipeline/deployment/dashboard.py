"""A Grafana dashboard: what callers see, what the server does, the stream, the traffic."""

from __future__ import annotations

from typing import Any

from pipeline.deployment import metrics, stream_watch, traffic_watch
from pipeline.deployment.panel import WINDOW, Panel
from pipeline.deployment.settings import Objectives, ServingSettings
from pipeline.gates import Gates


def dashboard(serving: ServingSettings, gates: Gates) -> dict[str, Any]:
    """The dashboard; the data source is chosen when it is imported."""
    promises = serving.objectives
    panels = [
        *_callers_see(promises),
        *_the_server_does(),
        *stream_watch.panels(promises, gates.data.dead_letters),
        *traffic_watch.panels(promises, gates),
    ]
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
        "panels": [panel.rendered(number) for number, panel in enumerate(panels)],
    }


def _callers_see(promises: Objectives) -> list[Panel]:
    return [
        Panel("Requests", "reqps", {"{{status}}": metrics.requests(WINDOW, by="status")}),
        Panel(
            "Share that the server failed",
            "percentunit",
            {"failed": metrics.fault_ratio(WINDOW)},
            1 - promises.availability,
        ),
        Panel(
            "Time of an answer",
            "ms",
            _latencies(metrics.LATENCY),
            promises.latency_ms,
        ),
        Panel(
            "Share of slow answers",
            "percentunit",
            {"slow": metrics.slow_ratio(promises, WINDOW)},
            1 - promises.latency_share,
        ),
    ]


def _the_server_does() -> list[Panel]:
    return [
        Panel("Time in the model", "ms", _latencies(metrics.RUNTIME)),
        Panel(
            "Versions loaded, and not",
            "short",
            {
                "{{model_path}} {{status}}": "sum by (model_path, status) "
                f"(increase({metrics.LOADS}[{WINDOW}]))"
            },
        ),
        Panel(
            "Time to load a version",
            "µs",
            {"{{model_path}}": f"max by (model_path) ({metrics.LOAD_MICROS})"},
        ),
        Panel(
            "Servers that answer",
            "short",
            {"up": f'sum (up{{job="{metrics.JOB}"}})'},
        ),
    ]


def _latencies(metric: str) -> dict[str, str]:
    return {f"p{100 * q:g}": metrics.latency_ms(q, WINDOW, metric) for q in (0.5, 0.95, 0.99)}
