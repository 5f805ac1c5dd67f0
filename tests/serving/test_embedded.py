"""The model server as a child process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from serving.client import RecommenderClient
from serving.embedded import EmbeddedServerError, embedded_server
from serving.query import Query


def use_and_fail(server):
    assert server.startup_seconds > 0
    assert server.rss_bytes() > 100 * 2**20
    with RecommenderClient(server.address) as client:
        assert client.status()[0].version == 4
        assert client.recommend([Query("u", 1)], 1)[0][0].item_id == "apple"
    raise ZeroDivisionError


@pytest.mark.slow
def test_a_server_runs_while_the_context_is_open_and_stops_when_the_body_fails(
    base_path, push, tmp_path
):
    push(4)
    log = tmp_path / "logs" / "server.log"
    with pytest.raises(ZeroDivisionError), embedded_server(base_path, log_path=log) as server:
        use_and_fail(server)
    assert not psutil.pid_exists(server.pid)
    assert log.read_text().endswith("INFO stopped\n")


@pytest.mark.slow
def test_a_model_that_does_not_load_is_told_with_the_log(base_path, tmp_path):
    (base_path / "3").mkdir()
    (base_path / "3" / "saved_model.pb").write_bytes(b"\xff" * 100)
    log = tmp_path / "server.log"
    with (
        pytest.raises(EmbeddedServerError, match=r"version 3 failed to load: OSError.*") as caught,
        embedded_server(base_path, log_path=log),
    ):
        pytest.fail("there is nothing to serve")
    assert f"The end of its log ({log})" in str(caught.value)


def test_a_server_that_stops_at_once_is_told_with_its_reason(tmp_path):
    with (
        pytest.raises(EmbeddedServerError, match="it stopped with exit code 2") as caught,
        embedded_server(tmp_path / "none"),
    ):
        pytest.fail("there is nothing to serve")
    assert "must be a directory that holds version directories" in str(caught.value)


def fake_binary(tmp_path, program):
    path = tmp_path / "tensorflow_model_server"
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(0o755)
    return str(path)


def test_a_deadline_that_passes_is_told_and_leaves_nothing_running(base_path, tmp_path):
    binary = fake_binary(tmp_path, 'echo "$@"; exec sleep 60')
    with (
        pytest.raises(EmbeddedServerError, match="no version was available in time") as caught,
        embedded_server(base_path, startup_deadline_s=1.0, binary=binary),
    ):
        pytest.fail("there is nothing to serve")
    # The flags are those of the real server, and the interval is an integer there.
    assert f"--model_base_path={base_path} --file_system_poll_wait_seconds=1" in str(caught.value)
    assert not [p for p in psutil.Process().children() if p.name() == "sleep"]


def test_a_server_that_ignores_sigterm_is_killed(base_path, tmp_path):
    binary = fake_binary(tmp_path, "trap '' TERM; echo started; while true; do sleep 0.1; done")
    with (
        pytest.raises(EmbeddedServerError, match="started"),
        embedded_server(base_path, startup_deadline_s=1.0, stop_deadline_s=0.5, binary=binary),
    ):
        pytest.fail("there is nothing to serve")
    assert not [p for p in psutil.Process().children() if "model_server" in p.name()]


def test_beside_the_main_thread_a_server_is_in_a_group_of_its_own(base_path, tmp_path):
    """A Ctrl-C reaches the whole group of the main thread."""
    binary = fake_binary(tmp_path, 'echo "group $(cut -d" " -f5 /proc/$$/stat)."; exit 3')

    def group():
        with (
            pytest.raises(EmbeddedServerError, match="exit code 3") as caught,
            embedded_server(base_path, binary=binary),
        ):
            pytest.fail("there is nothing to serve")
        return int(re.search(r"group (\d+)\.", str(caught.value))[1])

    assert group() == os.getpgrp()
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(group).result() != os.getpgrp()


def test_a_binary_that_is_not_there_is_told(base_path):
    with (
        pytest.raises(EmbeddedServerError, match=r"received 'no-such-server'\. Install it"),
        embedded_server(base_path, binary="no-such-server"),
    ):
        pytest.fail("there is nothing to serve")


@pytest.mark.slow
def test_further_flags_reach_the_server(base_path, push, tmp_path):
    push(4)
    log = tmp_path / "server.log"
    flags = ["--max_in_flight_calls=1"]
    with (
        embedded_server(base_path, log_path=log, flags=flags) as server,
        RecommenderClient(server.address) as client,
    ):
        assert client.status()[0].version == 4
    with (
        pytest.raises(EmbeddedServerError, match=r"must be at least 1 call, received 0"),
        embedded_server(base_path, log_path=log, flags=["--max_in_flight_calls=0"]),
    ):
        pytest.fail("a server refuses such a flag")


@pytest.mark.slow
def test_one_without_a_version_listens_and_takes_those_that_come(base_path, push, tmp_path):
    log = tmp_path / "server.log"
    with embedded_server(base_path, log_path=log, poll_seconds=0.2, empty=True) as server:
        assert server.startup_seconds > 0
        assert server.why_failed(4) == ""
        push(4)
        server.require_available(4, 120.0)
        (base_path / "5").mkdir()
        (base_path / "5" / "saved_model.pb").write_bytes(b"\xff" * 100)
        with pytest.raises(EmbeddedServerError, match="version 5 failed to load: OSError"):
            server.require_available(5, 120.0)
        assert server.why_failed(5).startswith("version 5 failed to load: OSError")
        assert server.why_failed(4) == ""
        server.end()
        assert server.why_failed(4) == "it stopped"


@pytest.mark.slow
def test_it_ends_with_the_process_that_started_it(base_path, push, tmp_path):
    push(1)
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from serving.embedded import embedded_server\n"
        "with embedded_server(Path(sys.argv[1]), log_path=Path(sys.argv[2])) as server:\n"
        "    print(server.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    arguments = [sys.executable, "-c", script, str(base_path), str(tmp_path / "server.log")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as run:
        server = psutil.Process(int(run.stdout.readline()))
        assert server.is_running()
        run.kill()
    server.wait(30)
