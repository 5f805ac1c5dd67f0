"""Files of the project's own artifacts -> facts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.report.facts import Evaluation, QualityRow

RECOMMENDER = "recommender"


def read_json(path: Path) -> Any:
    """Any JSON file."""
    return json.loads(path.read_text())


def quality(
    baselines: Mapping[str, Mapping[str, float]], lists: Evaluation | None
) -> tuple[QualityRow, ...]:
    """The composed recommender, then each baseline, on the metrics that all have in common.

    Args:
        baselines: Baseline -> metric -> value.
        lists: Evaluation of the composed lists.

    Returns:
        Nothing if the lists were not evaluated: there is then nothing to compare.
    """
    overall = lists.overall if lists else None
    if overall is None:
        return ()
    shared = [
        metric
        for metric in overall.metrics
        if all(metric in metrics for metrics in baselines.values())
    ]
    own = {metric: overall.metrics[metric].value for metric in shared}
    return (
        QualityRow(model=RECOMMENDER, metrics=own),
        *(
            QualityRow(model=name, metrics={metric: metrics[metric] for metric in shared})
            for name, metrics in baselines.items()
        ),
    )
