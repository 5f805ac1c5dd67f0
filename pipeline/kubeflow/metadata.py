"""The connection to ML Metadata that a container is told of, without its password."""

from __future__ import annotations

import os
import socket
from typing import Any

from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.errors import RunError
from pipeline.kubeflow.settings import Grpc, MetadataSettings, MySql

PASSWORD_VARIABLE = "SLUICE_METADATA_PASSWORD"  # noqa: S105 -- a name, not a password
_TIMEOUT_SECONDS = 10.0


def connection_of(settings: MetadataSettings) -> Any:
    """The ML Metadata connection for some settings; None for the pipeline's own SQLite file.

    Raises:
        RunError: No server answers there, or the password is not in the environment.
    """
    if settings.mysql:
        _check_server(settings.mysql, "mysql")
        return _mysql(settings.mysql)
    if settings.grpc:
        _check_server(settings.grpc, "grpc")
        return mlmd.MetadataStoreClientConfig(host=settings.grpc.host, port=settings.grpc.port)
    return None


def _mysql(server: MySql) -> Any:
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None:
        raise RunError(
            f"the password of ML Metadata's database comes in {PASSWORD_VARIABLE}. Received: no "
            f"such variable. Give the container the key {server.password.key!r} of the secret "
            f"{server.password.secret!r} under that name."
        )
    config = mlmd.ConnectionConfig()
    config.mysql.host = server.host
    config.mysql.port = server.port
    config.mysql.database = server.database
    config.mysql.user = server.user
    config.mysql.password = password
    return config


def _check_server(server: MySql | Grpc, key: str) -> None:
    """Tries the port: ML Metadata itself says nothing about a server that is down."""
    try:
        socket.create_connection((server.host, server.port), _TIMEOUT_SECONDS).close()
    except OSError as error:
        raise RunError(
            "ML Metadata's server must be reachable. Received: "
            f"{server.host}:{server.port}: {error.strerror or error}. Start the server, or correct "
            f"`kubeflow.metadata.{key}` and compile again."
        ) from error
