"""The connection to ML Metadata that settings name; its password comes in a variable."""

from __future__ import annotations

import os
import socket
from typing import Any

from ml_metadata import metadata_store
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


def existing_store(settings: MetadataSettings) -> Any:
    """ML Metadata's store on the server that settings name; None where they name none.

    A database is never made, so a user who may only select can read it.

    Raises:
        RunError: No server answers there, it does not let us in, or the password is not in the
            environment.
    """
    connection = connection_of(settings)
    if connection is None:
        return None
    if settings.mysql:
        connection.mysql.skip_db_creation = True
    try:
        return metadata_store.MetadataStore(connection)
    except RuntimeError as error:  # ML Metadata has no class of its own for it
        raise RunError(
            "ML Metadata's database must exist, and `kubeflow.metadata.mysql.user` read it. "
            f"Received: {_place(settings)}: {error}. Correct the settings or "
            f"{PASSWORD_VARIABLE}, or start a first run, which makes the database."
        ) from error


def _place(settings: MetadataSettings) -> str:
    server = settings.mysql
    return f"{server.user} at {server.host}:{server.port}/{server.database}" if server else ""


def _mysql(server: MySql) -> Any:
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None:
        raise RunError(
            f"the password of ML Metadata's database comes in {PASSWORD_VARIABLE}. Received: no "
            f"such variable. Set it to the key {server.password.key!r} of the secret "
            f"{server.password.secret!r}; containers get it so."
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
