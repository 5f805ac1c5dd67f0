"""The command line of TensorFlow Serving's program."""

from __future__ import annotations

from pathlib import Path

from serving.model_server.binary import NAME, command, find
from serving.model_server.options import Options


def test_only_what_was_asked_for_is_passed_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = Options(
        model_base_path=Path("models"),
        port=1,
        enable_batching=True,
        file_system_poll_wait_seconds=0.2,
        host="0.0.0.0",
        drain_seconds=1.0,
        max_in_flight_calls=3,
    )
    assert command("/bin/server", options) == [
        "/bin/server",
        f"--model_base_path={tmp_path}/models",
        "--port=1",
        "--file_system_poll_wait_seconds=1",
        "--enable_batching=true",
        "--model_name=recommender",
        "--enable_grpc_healthcheck_service=true",
    ]


def test_models_of_a_file_have_their_own_names():
    options = Options(model_config_file=Path("/m.config"), file_system_poll_wait_seconds=0.0)
    assert command("s", options)[1:3] == [
        "--model_config_file=/m.config",
        "--file_system_poll_wait_seconds=0",
    ]


def test_the_program_is_looked_for_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find() is None
    (tmp_path / NAME).write_text("#!/bin/sh\n")
    (tmp_path / NAME).chmod(0o755)
    assert find() == str(tmp_path / NAME)
