"""What only Kubernetes knows of a container: volumes, secrets, where it may run, how long.

The form is that of `KubernetesExecutorConfig` in Kubeflow Pipelines, as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.kubeflow.metadata import PASSWORD_VARIABLE
from pipeline.kubeflow.settings import ContainerSettings, KubeflowSettings, SecretKey, Volume


def executor_config(
    kubeflow: KubeflowSettings, container: ContainerSettings, fields: Mapping[str, str]
) -> dict[str, Any]:
    """The Kubernetes part of one container's specification.

    Args:
        kubeflow: Volumes and metadata.
        container: What the container gets.
        fields: Variable -> what of its pod it holds: `metadata.name`.
    """
    secrets = dict(container.secrets)
    if kubeflow.metadata.mysql:
        secrets[PASSWORD_VARIABLE] = kubeflow.metadata.mysql.password
    config: dict[str, Any] = {
        "pvcMount": [_mount(volume) for volume in kubeflow.volumes],
        "activeDeadlineSeconds": str(container.timeout_minutes * 60),  # 64 bits: text in JSON
    }
    if secrets:
        config["secretAsEnv"] = [_secret(name, key) for name, key in sorted(secrets.items())]
    if fields:
        config["fieldPathAsEnv"] = [
            {"name": name, "fieldPath": path} for name, path in fields.items()
        ]
    if container.node_selector:
        config["nodeSelector"] = {"labels": dict(container.node_selector)}
    if container.tolerations:
        config["tolerations"] = [one.manifest() for one in container.tolerations]
    return config


def _mount(volume: Volume) -> dict[str, Any]:
    # Releases before 2.5 read `constant`, later ones `pvcNameParameter` first.
    return {
        "mountPath": volume.path,
        "constant": volume.claim,
        "pvcNameParameter": _constant(volume.claim),
    }


def _secret(variable: str, source: SecretKey) -> dict[str, Any]:
    return {
        "secretName": source.secret,
        "secretNameParameter": _constant(source.secret),
        "keyToEnv": [{"secretKey": source.key, "envVar": variable}],
    }


def _constant(value: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": value}}
