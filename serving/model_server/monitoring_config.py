"""Where the metrics are shown, from a MonitoringConfig file."""

from __future__ import annotations

from pathlib import Path

from serving.model_server.errors import StartError
from serving.model_server.text_protos import message, read_text_proto

DEFAULT_PATH = "/monitoring/prometheus/metrics"


def read_metrics_path(path: Path) -> str | None:
    """The HTTP path of the Prometheus metrics; None when the file does not enable them.

    Raises:
        StartError: The file is not a MonitoringConfig, or its path is not a plain one.
    """
    config = read_text_proto(path, message("MonitoringConfig"), "--monitoring_config_file")
    if not config.prometheus_config.enable:
        return None
    shown_at: str = config.prometheus_config.path or DEFAULT_PATH
    if not shown_at.startswith("/") or any(sign in shown_at for sign in "{}?#"):
        raise StartError(
            f"prometheus_config.path in {path} must start with '/' and be without '{{}}?#', "
            f"received {shown_at!r}. Correct it, or leave it out for {DEFAULT_PATH}"
        )
    return shown_at
