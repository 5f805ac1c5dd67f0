"""The servers on Kubernetes: a Deployment of the unmodified image, and its configuration."""

from __future__ import annotations

from typing import Any

from pipeline.deployment import server
from pipeline.deployment.models_config import BASE_PATH
from pipeline.deployment.settings import ServingSettings
from pipeline.serving_folder import MODEL_NAME

NAME = MODEL_NAME
LABELS = {"app.kubernetes.io/name": NAME}
CONFIG_MAP = f"{NAME}-config"
_NOBODY = 65534
# TensorFlow Serving stops at once when it is told to. It is told only after Kubernetes has had the
# time to take it out of the Service, and callers to notice.
_LEAVE_SECONDS, _GRACE_SECONDS = 15, 45
_LOAD_SECONDS = 600  # the longest that loading and warming up the first version may take


def metadata(serving: ServingSettings, name: str = NAME) -> dict[str, Any]:
    """The metadata of an object."""
    return {"name": name, "namespace": serving.kubernetes.namespace, "labels": LABELS}


def config_map(serving: ServingSettings, models_config: str) -> dict[str, Any]:
    """The files that the servers read."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(serving, CONFIG_MAP),
        "data": {server.MODELS_CONFIG: models_config, server.MONITORING: server.monitoring()},
    }


def deployment(serving: ServingSettings) -> dict[str, Any]:
    """The servers. A new one is ready before an old one goes."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(serving),
        "spec": {
            "selector": {"matchLabels": LABELS},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "template": {"metadata": {"labels": LABELS}, "spec": _pod(serving)},
        },
    }


def _pod(serving: ServingSettings) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _NOBODY,
            "runAsGroup": _NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": LABELS},
            }
        ],
        "containers": [_container(serving)],
        "volumes": [
            {"name": "config", "configMap": {"name": CONFIG_MAP}},
            {
                "name": "models",
                "persistentVolumeClaim": {"claimName": serving.kubernetes.claim, "readOnly": True},
            },
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }


def _container(serving: ServingSettings) -> dict[str, Any]:
    memory = f"{serving.memory_mib}Mi"
    return {
        "name": "tensorflow-serving",
        "image": serving.image,
        "command": [server.BINARY],
        "args": server.flags(serving),
        "env": [
            {"name": name, "value": value} for name, value in server.environment(serving).items()
        ],
        "ports": [
            {"name": "grpc", "containerPort": server.GRPC_PORT},
            {"name": "rest", "containerPort": server.REST_PORT},
        ],
        # No limit on processors: being throttled for a moment is what slow answers are made of.
        "resources": {
            "requests": {"cpu": str(serving.cpus), "memory": memory},
            "limits": {"memory": memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "config", "mountPath": server.CONFIG_FOLDER, "readOnly": True},
            _models(serving.kubernetes.sub_path),
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 -- in the container
        ],
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(_LEAVE_SECONDS)]}}},
        **_probes(),
    }


def _models(sub_path: str) -> dict[str, Any]:
    """Where the claim, or a folder in it, is the base path."""
    mount = {"name": "models", "mountPath": BASE_PATH, "readOnly": True}
    return {**mount, "subPath": sub_path} if sub_path else mount


def _probes() -> dict[str, Any]:
    """Started and ready when a version is available; alive while gRPC answers.

    A model that does not load must not restart the server, which may serve the version before: so
    only readiness looks at the model. The status of a model is given while it loads, too; its
    metadata only from a version that is available.
    """
    available = {
        "httpGet": {"path": f"/v1/models/{MODEL_NAME}/metadata", "port": "rest"},
        "timeoutSeconds": 3,
    }
    return {
        "startupProbe": {**available, "periodSeconds": 5, "failureThreshold": _LOAD_SECONDS // 5},
        "readinessProbe": {**available, "periodSeconds": 5, "failureThreshold": 2},
        "livenessProbe": {
            "grpc": {"port": server.GRPC_PORT, "service": "PredictionService"},
            "periodSeconds": 10,
            "timeoutSeconds": 3,
            "failureThreshold": 6,
        },
    }
