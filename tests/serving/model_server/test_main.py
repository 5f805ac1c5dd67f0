"""The server as a process: flags, ready line, new versions, exit codes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest
import tensorflow as tf

from serving.model_server.__main__ import parser
from serving.model_server.options import Options
from tests.waiting import wait_until

READY = re.compile(r"model server listening on (127\.0\.0\.1:(\d+)) \(model recommender, (.*)\)\n")


def options(*arguments):
    return Options(**vars(parser().parse_args(arguments)))


def test_the_flags_are_those_of_tensorflow_model_server():
    asked = options("--model_base_path=/m", "--port=1", "--model_name", "x")
    assert (str(asked.model_base_path), asked.port, asked.model_name) == ("/m", 1, "x")
    assert options() == Options()


@pytest.mark.parametrize(
    ("argument", "value"), [("", True), ("=true", True), ("=True", True), ("=false", False)]
)
def test_switches_are_written_as_for_tensorflow(argument, value):
    flag = "allow_version_labels_for_unavailable_models"
    assert getattr(options(f"--{flag}{argument}"), flag) is value


@pytest.mark.parametrize("arguments", [["--model_base_path=/m", "--port=x"], ["--prot=1"]])
def test_a_wrong_flag_ends_with_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(arguments)
    assert ended.value.code == 2
    assert "usage: python -m serving.model_server" in capsys.readouterr().err


class Process:
    """`python -m serving.model_server`; its address and version once it is ready."""

    def __init__(self, *flags: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "serving.model_server", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> tuple[str, int, str]:
        found = READY.match(self.process.stdout.readline())
        assert found, self.process.stderr.read()
        return found[1], int(found[2]), found[3]

    def end(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60), self.process.stderr.read()


@pytest.fixture
def start(base_path):
    started = []

    def run(*flags: str) -> Process:
        flags = (f"--model_base_path={base_path}", "--file_system_poll_wait_seconds=0.1", *flags)
        started.append(Process(*flags))
        return started[-1]

    yield run
    for process in started:
        process.process.kill()
        process.process.wait()


def states(caller):
    proto = caller.status()
    return {v.version: (v.state, v.status.error_message) for v in proto.model_version_status}


@pytest.mark.slow
def test_a_server_from_first_push_to_the_end(start, base_path, push, call, inputs):
    server = start("--port=0")
    address, port, version = server.ready()
    assert version == "no version available yet"
    caller = call(address)

    push(1)
    wait_until(lambda: "serving version 1" in server.process.stderr.readline())
    assert caller.predict(inputs()).model_spec.version.value == 1

    # A broken version never replaces the good one, and the status says why.
    (base_path / "2").mkdir()
    (base_path / "2" / "saved_model.pb").write_bytes(b"\xff" * 100)
    wait_until(lambda: 2 in states(caller) and states(caller)[2][0] == 50)
    assert "OSError" in states(caller)[2][1]
    assert caller.predict(inputs()).model_spec.version.value == 1

    # The next good one does, by itself.
    push(3, model=2)
    wait_until(lambda: states(caller).get(3) == (30, ""))
    response = caller.predict(inputs())
    assert response.model_spec.version.value == 3
    assert tf.make_ndarray(response.outputs["retrieval_score"]).max() == 2.0

    # A second server on the same port is refused.
    second = start(f"--port={port}")
    assert second.process.wait(60) == 2
    assert "the port is in use" in second.process.stderr.read()

    # SIGTERM: the call in flight is answered, then the process ends with 0.
    request = caller.request({"steps": 150_000}, "slow")
    answer = caller.prediction.Predict.future(request, timeout=60)
    caller.status()  # sent later on the same connection: the call before it is there
    assert not answer.done()
    code, log = server.end()
    assert code == 0
    assert tf.make_ndarray(answer.result().outputs["steps"]) == 150_000
    assert log.endswith("INFO stopped\n")
