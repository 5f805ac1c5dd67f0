"""What callers are promised, as OpenSLO (https://github.com/OpenSLO/OpenSLO, version 1)."""

from __future__ import annotations

from typing import Any

from pipeline.deployment import metrics
from pipeline.deployment.settings import ServingSettings
from pipeline.serving_folder import MODEL_NAME

_WINDOW = "5m"


def objectives(serving: ServingSettings) -> list[dict[str, Any]]:
    """The service and its two objectives, one document each."""
    promises = serving.objectives
    limit = metrics.latency_class_micros(promises.latency_ms) / 1000
    good = f"{metrics.requests(_WINDOW)} - {metrics.faults(_WINDOW)}"
    service = {
        "apiVersion": "openslo/v1",
        "kind": "Service",
        "metadata": {"name": MODEL_NAME},
        "spec": {"description": "Recommendations over TensorFlow Serving's gRPC API."},
    }
    return [
        service,
        _objective(
            serving,
            "availability",
            "Requests that the server does not fail. A request that is refused as wrong is "
            "answered.",
            promises.availability,
            (good, metrics.requests(_WINDOW)),
        ),
        _objective(
            serving,
            "latency",
            f"Answers within {limit:.3g} ms in the server: the largest class of its histogram "
            f"that ends within {promises.latency_ms:g} ms.",
            promises.latency_share,
            (metrics.fast_answers(promises, _WINDOW), metrics.answers(_WINDOW)),
        ),
    ]


def _objective(
    serving: ServingSettings, name: str, said: str, target: float, ratio: tuple[str, str]
) -> dict[str, Any]:
    good, total = (
        {"metricSource": {"type": "Prometheus", "spec": {"query": query}}} for query in ratio
    )
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": f"{MODEL_NAME}-{name}"},
        "spec": {
            "description": said,
            "service": MODEL_NAME,
            "indicator": {
                "metadata": {"name": f"{MODEL_NAME}-{name}"},
                "spec": {"ratioMetric": {"counter": False, "good": good, "total": total}},
            },
            "timeWindow": [{"duration": f"{serving.objectives.days}d", "isRolling": True}],
            "budgetingMethod": "Occurrences",
            "objectives": [{"displayName": name, "target": target}],
        },
    }
