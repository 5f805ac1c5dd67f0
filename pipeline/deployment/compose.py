"""One TensorFlow Serving on this machine, with docker compose."""

from __future__ import annotations

from typing import Any

from pipeline.deployment import server
from pipeline.deployment.models_config import BASE_PATH
from pipeline.deployment.settings import ServingSettings
from pipeline.serving_folder import MODEL_NAME

# Ready when a version is available, not when a port is open. The image has bash but no curl.
_IS_AVAILABLE = (
    f"exec 3<>/dev/tcp/127.0.0.1/{server.REST_PORT} && "
    f"printf 'GET /v1/models/{MODEL_NAME} HTTP/1.0\\r\\n\\r\\n' >&3 && "
    "grep -q AVAILABLE <&3"
)


def compose(serving: ServingSettings) -> dict[str, Any]:
    """The compose file; `SLUICE_BASE_PATH` names the folder of the versions."""
    base_path = "${SLUICE_BASE_PATH:?the directory that holds the version directories}"
    configs = (server.MODELS_CONFIG, server.MONITORING)
    ports = (server.GRPC_PORT, server.REST_PORT)
    return {
        "name": "sluice-serving",
        "services": {
            MODEL_NAME: {
                "image": serving.image,
                "entrypoint": [server.BINARY],
                "command": server.flags(serving),
                "environment": server.environment(serving),
                "ports": [f"127.0.0.1:{port}:{port}" for port in ports],
                "volumes": [
                    f"{base_path}:{BASE_PATH}:ro",
                    *(f"./{name}:{server.CONFIG_FOLDER}/{name}:ro" for name in configs),
                ],
                "user": "65534:65534",
                "read_only": True,
                "cap_drop": ["ALL"],
                "security_opt": ["no-new-privileges:true"],
                "cpus": serving.cpus,
                "mem_limit": f"{serving.memory_mib}m",
                "healthcheck": {
                    "test": ["CMD", "bash", "-c", _IS_AVAILABLE],
                    "interval": "5s",
                    "timeout": "3s",
                    "retries": 24,
                },
                "restart": "unless-stopped",
            }
        },
    }
