"""Servers with the REST API, and a plain HTTP client."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil

import pytest


class Http:
    """Sends requests as they are given, and reads JSON answers."""

    def __init__(self, port):
        self.port = port

    def send(self, method, path, body=None, headers=None):
        """(status, content type, bytes)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers["Content-Type"], response.read()

    def json(self, method, path, body=None):
        """(status, JSON)."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        status, kind, answer = self.send(method, path, data)
        assert kind.startswith("application/json")
        return status, json.loads(answer)

    def predict(self, body, model="recommender"):
        return self.json("POST", f"/v1/models/{model}:predict", body)


@pytest.fixture(scope="session")
def http_client():
    return Http


@pytest.fixture(scope="module")
def rest(toy_models, tmp_path_factory):
    """A server in this process: toy model 1 as version 7 with the label `stable`."""
    from serving.model_server.rest.server import RestOptions
    from serving.model_server.servables import load_servable
    from serving.model_server.server import ModelServer
    from serving.model_server.versions import ModelVersions

    base_path = tmp_path_factory.mktemp("rest")
    shutil.copytree(toy_models / "1", base_path / "7")
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
    options = RestOptions(max_body_bytes=2**20, metrics_path="/monitoring/prometheus/metrics")
    server = ModelServer({"recommender": model}, "127.0.0.1", 0, rest=options)
    server.start({"recommender": {"stable": 7}})
    yield Http(server.rest_port)
    server.stop(5)
