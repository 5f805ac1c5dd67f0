"""The measures of traffic for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from components.traffic.measure import Traffic

_PREFIX = "sluice_traffic_"
MEASURED_AT = f"{_PREFIX}measured_timestamp_seconds"
LAST_EVENT = f"{_PREFIX}last_event_timestamp_seconds"
LISTS = f"{_PREFIX}lists"
FALLBACK_SHARE = f"{_PREFIX}fallback_share"
POSITIVES = f"{_PREFIX}positives"
CALIBRATION = f"{_PREFIX}calibration_ratio"
NORMALISED_ENTROPY = f"{_PREFIX}normalised_entropy"
SCORE_DRIFT = f"{_PREFIX}score_drift"
SCORE_DRIFT_NOISE = f"{_PREFIX}score_drift_noise"
COVERAGE = f"{_PREFIX}catalogue_coverage"
POPULARITY_LIFT = f"{_PREFIX}popularity_lift"
MODEL_VERSION = f"{_PREFIX}model_version"
MODEL_AGE = f"{_PREFIX}model_age_seconds"
FAILURES = f"{_PREFIX}failures_total"

# Metric -> field of `Traffic`, and what it is.
_GAUGES = {
    MEASURED_AT: ("measured_at", "End of the window that is measured."),
    LAST_EVENT: ("last_event", "Time of the newest event of the log."),
    LISTS: ("lists", "Lists that the measured users were shown."),
    FALLBACK_SHARE: ("fallback_share", "Share of the lists that the model did not make."),
    POSITIVES: ("positives", "Judged items that led to a deed."),
    CALIBRATION: ("calibration", "Sum of the served scores over the number of positives."),
    NORMALISED_ENTROPY: ("normalised_entropy", "Log loss of the served scores over the mean's."),
    SCORE_DRIFT: ("score_drift", "Jensen-Shannon divergence to the time before the window."),
    SCORE_DRIFT_NOISE: ("score_drift_noise", "What chance may well make of it."),
    COVERAGE: ("catalogue_coverage", "Share of the catalogue that the model showed."),
    POPULARITY_LIFT: ("popularity_lift", "Popularity of what is shown over what is taken."),
    MODEL_VERSION: ("model_version", "The newest version that answered."),
    MODEL_AGE: ("model_age_seconds", "Since its towers were first pushed, whatever the items."),
}


class TrafficMetrics(Collector):
    """The latest measures.

    Attributes:
        latest: They; None before the first.
        failures: Times that measuring failed.
    """

    def __init__(self) -> None:
        self.latest: Traffic | None = None
        self.failures = 0

    def collect(self) -> Iterator[Metric]:
        """See `Collector`. What is not known is left out: no rule may judge it."""
        yield CounterMetricFamily(FAILURES, "Times that measuring failed.", self.failures)
        if self.latest is None:
            yield GaugeMetricFamily(MEASURED_AT, "0: nothing was measured yet.", 0)
        for name, (field, said) in _GAUGES.items():
            value = getattr(self.latest, field, None)
            if value is not None:
                yield GaugeMetricFamily(name, said, value)
