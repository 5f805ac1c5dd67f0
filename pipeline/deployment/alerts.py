"""Alert rules for Prometheus, and the scrape configuration that feeds them.

A promise is watched by the rate at which it is used up: an alert calls somebody where the errors
of an hour would use up 2 % of the window's allowance, or those of six hours 5 %, and the last
minutes show that it goes on (Site Reliability Workbook, chapter 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.deployment import metrics, stream_watch, traffic_watch
from pipeline.deployment.alert_rule import alert_rule, down
from pipeline.deployment.settings import Objectives, ServingSettings
from pipeline.gates import Gates

_HOURS_A_DAY = 24


@dataclass(frozen=True)
class _Burn:
    """An alert on the use of an allowance: a share of it, within a window."""

    severity: str
    share: float
    hours: int
    recent: str  # a window that ends the alert soon after the cause has gone

    def factor(self, days: int) -> float:
        """How many times faster than evenly the allowance is used."""
        return self.share * days * _HOURS_A_DAY / self.hours


_BURNS = (_Burn("page", 0.02, 1, "5m"), _Burn("ticket", 0.05, 6, "30m"))


def alert_rules(serving: ServingSettings, gates: Gates) -> dict[str, Any]:
    """A file of rules for Prometheus: of the servers, of the stream and of the traffic."""
    promises = serving.objectives
    groups = {
        metrics.JOB: _server_rules(promises),
        stream_watch.JOB: stream_watch.rules(promises, gates.data.dead_letters),
        f"{metrics.JOB}-traffic": traffic_watch.rules(promises, gates),
    }
    return {"groups": [{"name": name, "rules": rules} for name, rules in groups.items()]}


def _server_rules(promises: Objectives) -> list[dict[str, Any]]:

    def slow_ratio(window: str) -> str:
        return metrics.slow_ratio(promises, window)

    return [
        *_burning("Failing", "fails", metrics.fault_ratio, promises.availability, promises.days),
        *_burning("Slow", "answers late", slow_ratio, promises.latency_share, promises.days),
        alert_rule(
            "Down",
            down(metrics.JOB),
            "page",
            "A server does not answer Prometheus, or there is none.",
            lasting="2m",
        ),
        alert_rule(
            "LoadFailed",
            f"{metrics.failed_loads('10m')} > 0",
            "ticket",
            "A version could not be loaded; the one before goes on being served. The server's log "
            "has the reason, `sluice rollback` the way back.",
        ),
        alert_rule(
            "Shedding",
            f"{metrics.shed('5m')} > 0",
            "ticket",
            "Servers refuse requests because their queues are full: add servers.",
            lasting="5m",
        ),
    ]


def scrape_config(serving: ServingSettings) -> dict[str, Any]:
    """The part of Prometheus' configuration that finds the servers and what runs at the stream."""
    return {
        "scrape_configs": [
            _scraped(serving, metrics.JOB, "rest", metrics.METRICS_PATH),
            _scraped(serving, stream_watch.JOB, "metrics", "/metrics"),
        ]
    }


def _scraped(serving: ServingSettings, job: str, port: str, path: str) -> dict[str, Any]:
    """A job: pods that are named like it, at the port of that name."""
    labels = ("pod_label_app_kubernetes_io_name", "pod_container_port_name")
    return {
        "job_name": job,
        "metrics_path": path,
        "kubernetes_sd_configs": [
            {"role": "pod", "namespaces": {"names": [serving.kubernetes.namespace]}}
        ],
        "relabel_configs": [
            {
                "source_labels": [f"__meta_kubernetes_{label}" for label in labels],
                "regex": f"{job};{port}",
                "action": "keep",
            }
        ],
    }


def _burning(name: str, does: str, ratio: Any, target: float, days: int) -> list[dict[str, Any]]:
    """One alert for each speed at which the allowance 1 - target may be used up."""
    rules = []
    for burn in _BURNS:
        bound = f"{burn.factor(days) * (1 - target):.6g}"
        windows = (f"{burn.hours}h", burn.recent)
        rules.append(
            alert_rule(
                f"{name}{burn.severity.capitalize()}",
                " and ".join(f"({ratio(window)}) > {bound}" for window in windows),
                burn.severity,
                f"The recommender {does} so often that in {burn.hours} h it uses up "
                f"{burn.share:.0%} of what {days} days allow.",
            )
        )
    return rules
