"""`sluice serve`: which server it starts, and with what."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

SERVE = [sys.executable, "-c", "from pipeline.cli import main; main()", "serve"]


@pytest.fixture
def environment(tmp_path):
    """A PATH with a `tensorflow_model_server` that prints its flags."""
    program = tmp_path / "bin" / "tensorflow_model_server"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor flag in "$@"; do echo "$flag"; done\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def serve(environment, *arguments):
    return subprocess.run(
        [*SERVE, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_tensorflow_serving_is_started_where_it_is(environment, tmp_path):
    (tmp_path / "models").mkdir()
    batching = tmp_path / "batching.txtpb"
    ran = serve(
        environment, "--base-path", tmp_path / "models", "--rest-port", 8501, "--batching", batching
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == [
        f"--model_base_path={tmp_path}/models",
        "--rest_api_port=8501",
        "--enable_batching=true",
        f"--batching_parameters_file={batching}",
        "--model_name=recommender",
        "--enable_grpc_healthcheck_service=true",
    ]
    assert "which listens on every interface" in ran.stderr


def test_the_embedded_server_can_be_asked_for(environment, tmp_path):
    ran = serve(environment, "--base-path", tmp_path / "none", "--embedded")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "model server: the base path must be a directory" in ran.stderr


@pytest.mark.parametrize(("stable", "code", "says"), [(1, 2, "is only canary"), (2, 0, "")])
def test_tensorflow_serving_does_not_serve_a_canary_to_everybody(
    environment, tmp_path, stable, code, says
):
    """The embedded server would, but its port is taken: it ends with 2."""
    (tmp_path / "labels.json").write_text(f'{{"canary": 2, "stable": {stable}}}')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = serve(environment, "--base-path", tmp_path, "--port", port)
    assert ran.returncode == code
    assert says in ran.stderr


def test_what_cannot_work_is_told_before_either_is_started(environment, tmp_path):
    ran = serve(environment, "--base-path", tmp_path / "none")
    assert ran.returncode != 0
    assert "the base path must be a directory" in ran.stderr
