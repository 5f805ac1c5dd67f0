"""What must be applied once in the cluster, so that Trainer nodes may start their pods."""

from __future__ import annotations

from typing import Any

from pipeline.kubeflow.settings import ClusterTraining
from pipeline.kubeflow.training.manifests import ACCOUNT

_RBAC = "rbac.authorization.k8s.io/v1"
_GROUPS = {"Job": ("batch", "jobs"), "TFJob": ("kubeflow.org", "tfjobs")}


def permissions(training: ClusterTraining) -> list[dict[str, Any]]:
    """The account of the pods, without rights; the role of those who start them, and its binding.

    The role holds what the launcher asks for and no more; within its namespace, Kubernetes cannot
    narrow the right to create to names.
    """
    account = _object("v1", "ServiceAccount", training) | {"automountServiceAccountToken": False}
    role = _object(_RBAC, "Role", training) | {"rules": _rules(training.kind)}
    binding = _object(_RBAC, "RoleBinding", training) | {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT},
        "subjects": [
            {
                "kind": "ServiceAccount",
                "name": training.service_account,
                "namespace": training.namespace,
            }
        ],
    }
    return [account, role, binding]


def _object(version: str, kind: str, training: ClusterTraining) -> dict[str, Any]:
    metadata = {"name": ACCOUNT, "namespace": training.namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _rules(kind: str) -> list[dict[str, Any]]:
    group, resource = _GROUPS[kind]
    rules = [
        {
            "apiGroups": [group],
            "resources": [resource],
            "verbs": ["create", "delete", "get", "watch"],
        },
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]
    if kind == "Job":  # the operator makes the services of a TFJob
        rules.append(
            {"apiGroups": [""], "resources": ["services"], "verbs": ["create", "delete", "get"]}
        )
    return rules
