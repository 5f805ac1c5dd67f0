"""A change of versions without regard for callers: the old one goes before the new one comes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import grpc
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

_MODEL, _OTHER = "recommender", "parked"
_DEADLINE_SECONDS = 300.0


def unloaded_first(address: str, base_path: Path, release: Callable[[], int]) -> int:
    """Releases a version while the model is not served; returns its number.

    Args:
        address: `host:port` of the server.
        base_path: Folder of the versions.
        release: Publishes the version.
    """
    # A configuration must name a model: what stays loaded meanwhile has another name.
    _reload(address, _OTHER, base_path)
    version = release()
    _reload(address, _MODEL, base_path)
    return version


def _reload(address: str, name: str, base_path: Path) -> None:
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.config.add(
        name=name, base_path=str(base_path.resolve()), model_platform="tensorflow"
    )
    with grpc.insecure_channel(address) as channel:
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        stub.HandleReloadConfigRequest(request, timeout=_DEADLINE_SECONDS)
