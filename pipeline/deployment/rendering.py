"""All files of a deployment: relative path -> text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.deployment import alerts, cluster, models_config, server, slo, workload
from pipeline.deployment.compose import compose
from pipeline.deployment.dashboard import dashboard
from pipeline.deployment.settings import ServingSettings
from pipeline.gates import Gates
from serving.durable import make_folder, replace_file

_NOTE = "# Rendered by `sluice serving-config`. Change the settings and render it again.\n"
_PROTOS = {
    server.MODELS_CONFIG: "config/model_server_config.proto ModelServerConfig",
    server.BATCHING: "servables/tensorflow/session_bundle_config.proto BatchingParameters",
    server.MONITORING: "config/monitoring_config.proto MonitoringConfig",
    "tls.example.txtpb": "config/ssl_config.proto SSLConfig",
}


def render(serving: ServingSettings, step: models_config.Step, gates: Gates) -> dict[str, str]:
    """The files.

    Args:
        serving: The settings.
        step: Versions and labels of `models.config`.
        gates: The bounds that a model passed; what it then serves is held against them, too.
    """
    models = models_config.render(step)
    protos = {
        server.MODELS_CONFIG: models,
        server.BATCHING: server.batching(serving),
        server.MONITORING: server.monitoring(),
        "tls.example.txtpb": server.tls_example(),
    }
    own = serving.kubernetes.own_namespace
    objects = {
        **({"namespace.yaml": cluster.namespace(serving)} if own else {}),
        "config-map.yaml": workload.config_map(serving, models),
        "deployment.yaml": workload.deployment(serving),
        "service.yaml": cluster.service(serving),
        "autoscaler.yaml": cluster.autoscaler(serving),
        "disruption-budget.yaml": cluster.disruption_budget(serving),
        "network-policy.yaml": cluster.network_policy(serving),
    }
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(objects),
    }
    return {
        **{name: _proto_header(name) + text for name, text in protos.items()},
        "docker-compose.yaml": _yaml(compose(serving)),
        **{f"kubernetes/{name}": _yaml(value) for name, value in objects.items()},
        "kubernetes/kustomization.yaml": _yaml(kustomization),
        "monitoring/prometheus.yaml": _yaml(alerts.scrape_config(serving)),
        "monitoring/alerts.yaml": _yaml(alerts.alert_rules(serving, gates)),
        "monitoring/slo.yaml": _yaml(*slo.objectives(serving)),
        "monitoring/dashboard.json": json.dumps(
            dashboard(serving, gates), indent=2, ensure_ascii=False
        )
        + "\n",
    }


def write(files: Mapping[str, str], out: Path) -> None:
    """Writes the files; a reader finds each as it was before or as it is now."""
    for name, text in files.items():
        path = out / name
        make_folder(path.parent)
        replace_file(path, text.encode())


def _proto_header(name: str) -> str:
    file, message = _PROTOS[name].split()
    return (
        f"# proto-file: tensorflow_serving/{file}\n"
        f"# proto-message: tensorflow.serving.{message}\n{_NOTE}\n"
    )


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a block, and no anchors: every place says what it means."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _yaml(*documents: dict[str, Any]) -> str:
    return _NOTE + yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
