"""TLS and mutual TLS of the gRPC port, from an SSLConfig file."""

from __future__ import annotations

from pathlib import Path

import grpc

from serving.model_server.errors import StartError
from serving.model_server.text_protos import message, read_text_proto

_FLAG = "--ssl_config_file"


def read_credentials(path: Path) -> grpc.ServerCredentials:
    """Credentials of a server, from its key and certificate.

    With `client_verify`, only callers with a certificate signed by `custom_ca` are let in.

    Raises:
        StartError: The file is not an SSLConfig, or lacks what it needs. No message repeats
            anything from it, since it holds the private key.
    """
    config = read_text_proto(path, message("SSLConfig"), _FLAG, secret=True)
    needed = ["server_key", "server_cert"] + ["custom_ca"] * config.client_verify
    for field in needed:
        if "-----BEGIN " not in getattr(config, field):
            reason = ", since client_verify is true" if field == "custom_ca" else ""
            raise StartError(
                f"{field} in {path} must be PEM text, as in a .pem file{reason}; it is "
                f"{'something else' if getattr(config, field) else 'empty'}. Put the text itself "
                "there, not a path"
            )
    return grpc.ssl_server_credentials(
        [(config.server_key.encode(), config.server_cert.encode())],
        root_certificates=config.custom_ca.encode() or None,
        require_client_auth=config.client_verify,
    )
