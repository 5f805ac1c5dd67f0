"""One panel of the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WINDOW = "$__rate_interval"
_WIDTH, _HEIGHT, _COLUMNS = 12, 8, 2  # on a grid 24 wide
_SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True)
class Panel:
    """A panel.

    Attributes:
        title: What it shows.
        unit: Its unit, as Grafana calls it.
        queries: Legend -> query.
        limit: A line that should not be crossed.
    """

    title: str
    unit: str
    queries: Mapping[str, str]
    limit: float | None = None

    def rendered(self, number: int) -> dict[str, Any]:
        """As Grafana reads it, at a place of its own."""
        steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
        if self.limit is not None:
            steps.append({"color": "red", "value": round(self.limit, 9)})
        row, column = divmod(number, _COLUMNS)
        return {
            "id": number + 1,
            "type": "timeseries",
            "title": self.title,
            "datasource": _SOURCE,
            "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "min": 0,
                    "thresholds": {"mode": "absolute", "steps": steps},
                    "custom": {
                        "thresholdsStyle": {"mode": "off" if self.limit is None else "line"}
                    },
                },
                "overrides": [],
            },
            "targets": [
                {
                    "refId": chr(ord("A") + i),
                    "datasource": _SOURCE,
                    "expr": query,
                    "legendFormat": name,
                }
                for i, (name, query) in enumerate(self.queries.items())
            ],
        }
