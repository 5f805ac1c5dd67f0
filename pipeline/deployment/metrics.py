"""The metrics of TensorFlow Serving that are watched, and the questions put to them.

Names and labels are those of `tensorflow_serving/servables/tensorflow/util.cc` and
`tensorflow/cc/saved_model/loader.cc`, written as `util/prometheus_exporter.cc` does: a slash
becomes a colon. Times are in microseconds.
"""

from __future__ import annotations

from pipeline.deployment.settings import Objectives
from pipeline.serving_folder import MODEL_NAME

METRICS_PATH = "/monitoring/prometheus/metrics"
JOB = MODEL_NAME  # of the scrape configuration

REQUESTS = ":tensorflow:serving:request_count"  # model_name, status
LATENCY = ":tensorflow:serving:request_latency"  # histogram; model_name, API, entrypoint
RUNTIME = ":tensorflow:serving:runtime_latency"  # histogram; model_name, API, runtime
LOADS = ":tensorflow:cc:saved_model:load_attempt_count"  # model_path, status
LOAD_MICROS = ":tensorflow:cc:saved_model:load_latency"  # model_path

# The server's fault, not the caller's: a request that is refused as wrong is an answer.
SERVER_FAULTS = (
    "ABORTED",
    "DATA_LOSS",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
    "UNKNOWN",
)
_MODEL = f'model_name="{MODEL_NAME}"'
# A call that is refused before it is read is of no model's name.
_ASKED = f'model_name=~"{MODEL_NAME}|"'
_FAULTS = f'status=~"{"|".join(SERVER_FAULTS)}"'
_SHED = 'status=~"RESOURCE_EXHAUSTED|UNAVAILABLE"'


def requests(window: str, by: str = "") -> str:
    """Requests a second."""
    grouped = f" by ({by}) " if by else ""
    return f"sum{grouped}(rate({REQUESTS}{{{_ASKED}}}[{window}]))"


def shed(window: str) -> str:
    """Requests a second that found a queue full: that of the calls, or that of the batches."""
    return f"sum(rate({REQUESTS}{{{_ASKED}, {_SHED}}}[{window}]))"


def faults(window: str) -> str:
    """Requests a second that the server failed; 0 where there were none."""
    return f"(sum(rate({REQUESTS}{{{_ASKED}, {_FAULTS}}}[{window}])) or vector(0))"


def fault_ratio(window: str) -> str:
    """Share of the requests that the server failed."""
    return f"{faults(window)} / {requests(window)}"


def latency_ms(quantile: float, window: str, metric: str) -> str:
    """A quantile of the time that answers took, in ms."""
    buckets = f"sum by (le) (rate({metric}_bucket{{{_MODEL}}}[{window}]))"
    return f"histogram_quantile({quantile:g}, {buckets}) / 1000"


def answers(window: str) -> str:
    """Answers a second."""
    return f"sum(rate({LATENCY}_count{{{_MODEL}}}[{window}]))"


def fast_answers(objectives: Objectives, window: str) -> str:
    """Answers a second within the largest class of time that ends within the objective."""
    bound = f"{latency_class_micros(objectives.latency_ms):g}"
    return f'sum(rate({LATENCY}_bucket{{{_MODEL}, le="{bound}"}}[{window}]))'


def slow_ratio(objectives: Objectives, window: str) -> str:
    """Share of the answers that took longer than that."""
    return f"1 - {fast_answers(objectives, window)} / {answers(window)}"


def failed_loads(window: str) -> str:
    """Attempts at loading a version that failed."""
    return f'sum by (model_path) (increase({LOADS}{{status="fail"}}[{window}]))'


def latency_class_micros(limit_ms: float) -> float:
    """End of the largest class of TensorFlow Serving's latency histograms that is not above.

    The classes end at 10 x 1.8^k microseconds, k = 0 ... 32.
    """
    return max(end for k in range(33) if (end := 10 * 1.8**k) <= 1000 * limit_ms)
