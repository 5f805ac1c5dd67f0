"""TLS and mutual TLS, with certificates made for the occasion."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import logging
import traceback

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

from serving.model_server.errors import StartError
from serving.model_server.servables import load_servable
from serving.model_server.server import ModelServer
from serving.model_server.tls import read_credentials
from serving.model_server.versions import ModelVersions


@dataclasses.dataclass
class Identity:
    """A key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    cert: x509.Certificate

    @property
    def key_pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def cert_pem(self):
        return self.cert.public_bytes(serialization.Encoding.PEM).decode()


def identity(name, issuer=None):
    """Signed by an issuer; without one an authority that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    local = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    cert = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.cert.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(local, critical=False)
        .sign(key if issuer is None else issuer.key, hashes.SHA256())
    )
    return Identity(key, cert)


@pytest.fixture(scope="module")
def ours():
    return identity("our authority")


@pytest.fixture(scope="module")
def server_identity(ours):
    return identity("the server", ours)


def text(**fields):
    """An SSLConfig in text format."""
    lines = []
    for name, value in fields.items():
        shown = str(value).lower() if isinstance(value, bool) else repr(value)
        lines.append(f"{name}: {shown}")
    return "\n".join(lines)


@pytest.fixture
def serve(base_path, push, tmp_path):
    """Starts a server with an SSLConfig: `serve(**fields)` -> address."""
    servers = []

    def start(**fields):
        push(1)
        file = tmp_path / "ssl.txtpb"
        file.write_text(text(**fields))
        model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
        server = ModelServer(
            {"recommender": model}, "127.0.0.1", 0, credentials=read_credentials(file)
        )
        servers.append(server)
        return f"127.0.0.1:{server.start()}"

    yield start
    for server in servers:
        server.stop(5)


def ask(channel):
    """The state of the model, or the code of the refusal."""
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "recommender"
    with channel:
        try:
            status = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(
                request, timeout=10
            )
        except grpc.RpcError as error:
            return error.code().name
        return status.model_version_status[0].state


def secure(address, authority, own=None):
    pem = {} if own is None else {
        "private_key": own.key_pem.encode(),
        "certificate_chain": own.cert_pem.encode(),
    }  # fmt: skip
    return grpc.secure_channel(
        address, grpc.ssl_channel_credentials(authority.cert_pem.encode(), **pem)
    )


def test_tls_answers_those_who_trust_the_authority_and_nobody_in_the_clear(
    serve, ours, server_identity
):
    address = serve(server_key=server_identity.key_pem, server_cert=server_identity.cert_pem)
    assert ask(secure(address, ours)) == 30
    assert ask(secure(address, identity("another authority"))) == "UNAVAILABLE"
    assert ask(grpc.insecure_channel(address)) == "UNAVAILABLE"


def test_mutual_tls_refuses_strangers(serve, ours, server_identity):
    address = serve(
        server_key=server_identity.key_pem,
        server_cert=server_identity.cert_pem,
        custom_ca=ours.cert_pem,
        client_verify=True,
    )
    stranger = identity("a stranger", identity("another authority"))
    assert ask(secure(address, ours, identity("a client", ours))) == 30
    assert ask(secure(address, ours, stranger)) == "UNAVAILABLE"
    assert ask(secure(address, ours)) == "UNAVAILABLE"  # no certificate at all
    assert ask(grpc.insecure_channel(address)) == "UNAVAILABLE"


def test_without_client_verify_a_stranger_would_come_in(serve, ours, server_identity):
    """Control: it is client_verify that keeps strangers out."""
    address = serve(
        server_key=server_identity.key_pem,
        server_cert=server_identity.cert_pem,
        custom_ca=ours.cert_pem,
        client_verify=False,
    )
    assert ask(secure(address, ours)) == 30


def test_what_is_missing_is_told_and_the_key_never(tmp_path, server_identity, caplog):
    file = tmp_path / "ssl.txtpb"
    key, cert = server_identity.key_pem, server_identity.cert_pem
    secret = key.splitlines()[1]
    wrong = [
        (text(server_cert=cert), "server_key in .* must be PEM text, .* it is empty"),
        (text(server_key=key, server_cert="/etc/cert.pem"), "server_cert .* it is something else"),
        (
            text(server_key=key, server_cert=cert, client_verify=True),
            "custom_ca in .* since client_verify is true; it is empty",
        ),
        (f"server_key: {key}", "must be a SSLConfig in protobuf's text format: it is not at line"),
        (f"server_key: '{secret}", "it is not at line 1, column 13"),
        (text(server_kee=key), "it is not at line 1, column 1"),
        (f"{secret}: 3", "it is not at line 1"),
    ]
    for content, message in wrong:
        file.write_text(content)
        with caplog.at_level(logging.DEBUG), pytest.raises(StartError, match=message) as caught:
            read_credentials(file)
        assert secret not in "".join(traceback.format_exception(caught.value))
    assert secret not in caplog.text


def test_a_key_of_another_certificate_is_told(serve, ours, server_identity):
    with pytest.raises(StartError, match=r"cannot listen on .* or correct --ssl_config_file"):
        serve(server_key=identity("other", ours).key_pem, server_cert=server_identity.cert_pem)
