"""The HTTP server: draining, timeouts, overload, ports; and classify and regress over it."""

from __future__ import annotations

import http.client
import json
import socket
import threading

import pytest
import tensorflow as tf

from serving.model_server.errors import StartError
from serving.model_server.rest.server import RestOptions
from serving.model_server.servables import load_servable
from serving.model_server.server import ModelServer
from serving.model_server.versions import ModelVersions
from tests.serving.model_server.gate import Gate
from tests.waiting import wait_until


@pytest.fixture
def serve(base_path, push, http_client):
    started = []

    def start(load=load_servable, **options):
        if not started:
            push(1)
        model = ModelVersions("recommender", base_path, load, poll_seconds=0)
        server = ModelServer({"recommender": model}, "127.0.0.1", 0, rest=RestOptions(**options))
        started.append(server)
        server.start()
        return server, http_client(server.rest_port)

    yield start
    for server in started:
        if server.rest_port is not None:
            server.stop(5)


def slow(steps):
    return {"signature_name": "slow", "inputs": steps}


def in_the_background(call):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call()))
    thread.start()
    return thread, answers


def test_a_call_in_flight_is_answered_while_the_server_stops(serve):
    gate = Gate()
    server, client = serve(gate.load, drain_s=60)
    thread, answers = in_the_background(lambda: client.predict(slow(5)))
    gate.wait_for_calls(1)
    stopping = threading.Thread(target=server.stop, args=(60,))
    stopping.start()
    server.rest_port = None
    wait_until(lambda: is_closed(client.port))
    assert not answers
    gate.opened.set()
    stopping.join()
    thread.join()
    assert answers == [(200, {"outputs": 5})]


def is_closed(port):
    """Whether nobody takes connections at a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_call_that_takes_too_long_is_a_deadline_exceeded(serve):
    gate = Gate()
    _, client = serve(gate.load, timeout_s=0.5)
    status, answer = client.predict(slow(1))
    assert (status, "no answer within 0.5 s" in answer["error"]) == (504, True)
    gate.opened.set()
    wait_until(lambda: client.predict(slow(1)) == (200, {"outputs": 1}))


def test_too_many_calls_are_shed_and_the_others_answered(serve):
    gate = Gate()
    _, client = serve(gate.load, threads=2, max_in_flight=2)
    running = [in_the_background(lambda: client.predict(slow(1))) for _ in range(2)]
    gate.wait_for_calls(2)
    status, answer = client.predict(slow(1))
    assert (status, "at most 2 calls at the same time" in answer["error"]) == (429, True)
    gate.opened.set()
    for thread, answers in running:
        thread.join()
        assert answers[0][0] == 200
    assert client.predict(slow(1))[0] == 200


def test_a_connection_that_is_cut_leaves_the_server_well(serve):
    _, client = serve()
    for sent in (
        b"POST /v1/models/recommender:predict HTTP/1.1\r\nContent-Length: 99\r\n\r\n{",
        b"\xff",
    ):
        connection = http.client.HTTPConnection("127.0.0.1", client.port)
        connection.connect()
        connection.sock.sendall(sent)
        connection.close()
    assert client.predict(slow(1)) == (200, {"outputs": 1})


def test_a_port_in_use_is_told(serve):
    _, client = serve()
    with pytest.raises(StartError, match=rf"cannot listen on 127.0.0.1:{client.port}: .*rest_api"):
        serve(port=client.port)


def test_nan_and_infinity_come_and_go(tmp_path, http_client):
    """And bytes: outputs named `_bytes` in base64, others too where they are not UTF-8."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32), tf.TensorSpec([], tf.string)])
    def echo(x, text):
        return {"x": x, "raw_bytes": text, "text": text}

    tf.saved_model.save(tf.Module(), str(tmp_path / "1"), signatures=echo)
    model = ModelVersions("echo", tmp_path, load_servable, poll_seconds=0)
    server = ModelServer({"echo": model}, "127.0.0.1", 0, rest=RestOptions())
    server.start()
    client = http_client(server.rest_port)
    body = b'{"inputs": {"x": [NaN, Infinity, -Infinity, 0.2, 1], "text": "\\u00fc"}}'
    status, _, answer = client.send("POST", "/v1/models/echo:predict", body)
    assert status == 200
    assert b"[NaN, Infinity, -Infinity, 0.2, 1.0]" in answer
    outputs = json.loads(answer)["outputs"]
    assert (outputs["text"], outputs["raw_bytes"]) == ("ü", {"b64": "w7w="})
    odd = {"inputs": {"x": [], "text": {"b64": "/w=="}}}
    assert client.predict(odd, "echo")[1]["outputs"]["text"] == {"b64": "/w=="}
    status, answer = client.predict({"instances": [{"x": 1.0, "text": "a"}]}, "echo")
    assert (status, "'text' of signature" in answer["error"]) == (400, True)
    server.stop(5)
