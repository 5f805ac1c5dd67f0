"""What stands around the servers on Kubernetes: their number, and who reaches them."""

from __future__ import annotations

from typing import Any

from pipeline.deployment import server
from pipeline.deployment.settings import ServingSettings
from pipeline.deployment.workload import LABELS, NAME, metadata

CALLER_LABEL = "recommender-caller"  # of the pods that may call
_CPU_PERCENT = 60  # room for the moment in which a version is swapped


def namespace(serving: ServingSettings) -> dict[str, Any]:
    """The namespace; it takes no pod with privileges."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": serving.kubernetes.namespace,
            "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        },
    }


def service(serving: ServingSettings) -> dict[str, Any]:
    """The name under which servers are found: all their addresses, since gRPC keeps connections.

    Behind a single address a caller's one connection would stay with one server. Callers ask for
    `dns:///recommender.NAMESPACE.svc:8500` with the load-balancing policy `round_robin`.
    """
    ports = (("grpc", server.GRPC_PORT), ("rest", server.REST_PORT))
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(serving),
        "spec": {
            "clusterIP": "None",
            "selector": LABELS,
            "ports": [{"name": name, "port": port, "targetPort": name} for name, port in ports],
        },
    }


def autoscaler(serving: ServingSettings) -> dict[str, Any]:
    """More servers at once when they are busy, fewer only after five quiet minutes."""
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(serving),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
            "minReplicas": serving.kubernetes.min_replicas,
            "maxReplicas": serving.kubernetes.max_replicas,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "target": {"type": "Utilization", "averageUtilization": _CPU_PERCENT},
                    },
                }
            ],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 300}},
        },
    }


def disruption_budget(serving: ServingSettings) -> dict[str, Any]:
    """Of the servers one at a time may be moved elsewhere."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(serving),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": LABELS}},
    }


def network_policy(serving: ServingSettings) -> dict[str, Any]:
    """Callers reach gRPC, Prometheus reaches the metrics, and the servers reach nobody."""
    caller = {"namespaceSelector": {}, "podSelector": {"matchLabels": {CALLER_LABEL: "true"}}}
    monitoring = {"kubernetes.io/metadata.name": serving.kubernetes.monitoring_namespace}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(serving),
        "spec": {
            "podSelector": {"matchLabels": LABELS},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [caller], "ports": [{"protocol": "TCP", "port": server.GRPC_PORT}]},
                {
                    "from": [{"namespaceSelector": {"matchLabels": monitoring}}],
                    "ports": [{"protocol": "TCP", "port": server.REST_PORT}],
                },
            ],
            "egress": [],
        },
    }
