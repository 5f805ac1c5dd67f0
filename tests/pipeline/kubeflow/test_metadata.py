"""The connection to ML Metadata, and what is said where there is none."""

import socket

import pytest

from pipeline.errors import RunError
from pipeline.kubeflow.metadata import connection_of
from pipeline.kubeflow.settings import MetadataSettings


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def mysql(port):
    password = {"secret": "database", "key": "password"}
    server = {"host": "127.0.0.1", "port": port, "database": "d", "user": "u", "password": password}
    return MetadataSettings.model_validate({"mysql": server})


def test_none_is_the_pipelines_own_file():
    assert connection_of(MetadataSettings()) is None


def test_mysql_takes_its_password_from_the_environment(port, monkeypatch):
    monkeypatch.setenv("SLUICE_METADATA_PASSWORD", "open-sesame")
    config = connection_of(mysql(port)).mysql
    assert (config.host, config.port, config.database) == ("127.0.0.1", port, "d")
    assert (config.user, config.password) == ("u", "open-sesame")


def test_mysql_without_a_password_says_where_it_should_come_from(port, monkeypatch):
    monkeypatch.delenv("SLUICE_METADATA_PASSWORD", raising=False)
    with pytest.raises(
        RunError, match=r"SLUICE_METADATA_PASSWORD.*key 'password' of the secret 'database'"
    ):
        connection_of(mysql(port))


def test_a_grpc_server(port):
    settings = MetadataSettings.model_validate({"grpc": {"host": "127.0.0.1", "port": port}})
    assert connection_of(settings).port == port


@pytest.mark.parametrize("kind", ["mysql", "grpc"])
def test_a_server_that_is_down_is_said_so(kind, monkeypatch):
    monkeypatch.setenv("SLUICE_METADATA_PASSWORD", "open-sesame")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    grpc = MetadataSettings.model_validate({"grpc": {"host": "127.0.0.1", "port": port}})
    with pytest.raises(RunError) as refused:
        connection_of(mysql(port) if kind == "mysql" else grpc)
    assert f"127.0.0.1:{port}: Connection refused" in str(refused.value)
    assert "open-sesame" not in str(refused.value)
