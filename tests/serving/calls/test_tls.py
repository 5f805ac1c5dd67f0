"""Calls of a server with TLS, with and without certificates of clients."""

import datetime
import ipaddress
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from serving.client import ServingError
from serving.wire.messages import GET_MODEL_STATUS


class Identity:
    """A key and a certificate for 127.0.0.1; signed by another, or by itself."""

    def __init__(self, name, issuer=None):
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        issuer = issuer or self
        now = datetime.datetime.now(datetime.UTC)
        place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        authority = x509.BasicConstraints(ca=issuer is self, path_length=None)
        certificate = (
            x509.CertificateBuilder(issuer.name, self.name, self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(place, critical=False)
            .add_extension(authority, critical=True)
            .sign(issuer.key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        self.certificate = certificate.public_bytes(pem)
        self.secret = self.key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


AUTHORITY, STRANGER = Identity("authority"), Identity("stranger")


@pytest.fixture
def address(request):
    """A model service with TLS that answers every call; with `mutual`, it asks for certificates."""
    server_side, mutual = Identity("server", AUTHORITY), request.param == "mutual"
    credentials = grpc.ssl_server_credentials(
        [(server_side.secret, server_side.certificate)],
        root_certificates=AUTHORITY.certificate if mutual else None,
        require_client_auth=mutual,
    )
    answer = lambda request, context: GET_MODEL_STATUS.response().SerializeToString()  # noqa: E731

    class Handler(grpc.GenericRpcHandler):
        def service(self, details):
            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.server(ThreadPoolExecutor(2), handlers=[Handler()])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


def credentials(root, own=None):
    own = (None, None) if own is None else (own.secret, own.certificate)
    return grpc.ssl_channel_credentials(root.certificate, *own)


@pytest.mark.parametrize(
    ("address", "root", "own", "answered"),
    [
        ("tls", AUTHORITY, None, True),
        ("tls", STRANGER, None, False),
        ("mutual", AUTHORITY, Identity("client", AUTHORITY), True),
        ("mutual", AUTHORITY, Identity("client", STRANGER), False),
        ("mutual", AUTHORITY, None, False),
    ],
    indirect=["address"],
)
def test_each_side_must_trust_the_other(address, open_client, root, own, answered):
    client = open_client(address, timeout_s=5.0, credentials=credentials(root, own))
    if answered:
        assert client.status() == []
    else:
        with pytest.raises(ServingError):
            client.status()


@pytest.mark.parametrize("address", ["tls"], indirect=True)
def test_without_credentials_a_server_with_tls_does_not_answer(address, open_client):
    with pytest.raises(ServingError):
        open_client(address, timeout_s=2.0).status()
