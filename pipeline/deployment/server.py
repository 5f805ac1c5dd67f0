"""What TensorFlow Serving itself reads: flags, variables, batching, monitoring and TLS."""

from __future__ import annotations

from components.pusher.labels import Rollout
from pipeline.deployment.metrics import METRICS_PATH
from pipeline.deployment.settings import ServingSettings
from pipeline.deployment.text_proto import text_proto

BINARY = "/usr/bin/tensorflow_model_server"
GRPC_PORT, REST_PORT = 8500, 8501
CONFIG_FOLDER = "/config"
MODELS_CONFIG, MONITORING, BATCHING = "models.config", "monitoring.txtpb", "batching.txtpb"
_CONFIG_POLL_SECONDS = 10
# Callers look up the servers' addresses anew only where a connection ends. So that they find the
# servers that were added, none lasts; calls in flight end on the old one.
_CONNECTION_MS, _CONNECTION_GRACE_MS = 60_000, 30_000
_BATCHES_A_CPU = 4  # that wait: about as many calls as the embedded server lets wait


def flags(serving: ServingSettings) -> list[str]:
    """Flags of the server in a container.

    Batching stays off: with it the server refuses inputs without a batch dimension, and `top_k` is
    one. See `serving_config/README.md`.
    """
    chosen = {
        "port": GRPC_PORT,
        "rest_api_port": REST_PORT,
        "model_config_file": f"{CONFIG_FOLDER}/{MODELS_CONFIG}",
        "monitoring_config_file": f"{CONFIG_FOLDER}/{MONITORING}",
        "file_system_poll_wait_seconds": 1,
        "enable_grpc_healthcheck_service": "true",
        "grpc_channel_arguments": f"grpc.max_connection_age_ms={_CONNECTION_MS},"
        f"grpc.max_connection_age_grace_ms={_CONNECTION_GRACE_MS}",
    }
    if serving.rollout is Rollout.CANARY:
        chosen["model_config_file_poll_wait_seconds"] = _CONFIG_POLL_SECONDS
    return [f"--{name}={value}" for name, value in chosen.items()]


def environment(serving: ServingSettings) -> dict[str, str]:
    """Variables that TensorFlow reads: by itself it takes a thread for each processor it sees.

    A container sees those of the whole machine.
    """
    return {f"TF_NUM_{kind}OP_THREADS": str(serving.cpus) for kind in ("INTRA", "INTER")}


def batching(serving: ServingSettings) -> str:
    """BatchingParameters: no waiting, and a short queue.

    One processor is left to what takes calls in and sends answers out: with a batch on each, both
    wait for one another. A server with too much to do refuses early instead of answering late.
    Histories of different lengths are padded to the longest of the batch. Its rows are not padded
    to certain counts: the graph takes any, and computing rows that nobody asked for costs as much
    as answering.
    """
    return text_proto(
        {
            "max_batch_size": {"value": serving.max_batch_size},
            "batch_timeout_micros": {"value": 0},
            "max_enqueued_batches": {"value": _BATCHES_A_CPU * serving.cpus},
            "num_batch_threads": {"value": max(1, serving.cpus - 1)},
            "pad_variable_length_inputs": True,
        }
    )


def monitoring() -> str:
    """MonitoringConfig: Prometheus metrics on the REST port."""
    return text_proto({"prometheus_config": {"enable": True, "path": METRICS_PATH}})


def tls_example() -> str:
    """SSLConfig of the gRPC port, to be filled in: mutual TLS. The REST port knows no TLS."""
    return text_proto(
        {
            "server_key": "PEM text of the server's private key: from a secret, never from here",
            "server_cert": "PEM text of the server's certificate",
            "custom_ca": "PEM text of the authority that signs the certificates of callers",
            "client_verify": True,
        }
    )
