"""What `serve` refuses before it loads anything, and how it ends. test_main runs it in earnest."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

from serving.model_server import servables
from serving.model_server import serve as serving
from serving.model_server.options import Options
from serving.model_server.serve import serve as serve_options
from serving.model_server.version_policy import LATEST
from tests.waiting import wait_until
from trainer.distribution import free_ports


def serve(base_path, port=0, **options):
    return serve_options(Options(model_base_path=base_path, port=port, **options))


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_in_use_is_told_before_anything_is_loaded(base_path, taken_port, capsys):
    assert serve(base_path, taken_port) == 2
    assert capsys.readouterr().err == (
        f"model server: cannot listen on 127.0.0.1:{taken_port}: the port is in use. Stop what "
        "listens there, or choose another port with --port\n"
    )


def test_a_missing_base_path_is_told(tmp_path, capsys):
    assert serve(tmp_path / "none", 0) == 2
    error = capsys.readouterr().err
    assert "must be a directory that holds version directories, received" in error
    assert str(tmp_path / "none") in error


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"port": 70000}, "the port must lie in 0..65535, received 70000. Correct --port"),
        (
            {"file_system_poll_wait_seconds": -1.0},
            "received -1. Correct --file_system_poll_wait_seconds",
        ),
        ({"grpc_max_threads": 0}, "at least 1 thread, received 0. Correct --grpc_max_threads"),
        ({"rest_api_port": 70000}, "received 70000. Correct --rest_api_port"),
        ({"port": 7, "rest_api_port": 7}, "need a port each, received 7 for both"),
        ({"grpc_channel_arguments": "a=1,b"}, "must be key=value, received 'b'"),
        ({"max_in_flight_calls": 0}, "at least 1 call, received 0. Correct --max_in_flight"),
        ({"batching_parameters_file": Path("b")}, "without --enable_batching. Add it"),
        ({"ssl_config_file": Path("none")}, "cannot read none: No such file or directory"),
        ({"rest_api_num_threads": 0}, "received 0. Correct --rest_api_num_threads"),
        ({"rest_api_timeout_in_ms": 0}, "at least 1 ms, received 0. Correct --rest_api_timeout"),
        (
            {"monitoring_config_file": Path("m.txtpb")},
            "metrics are shown on the REST port, received --monitoring_config_file without it",
        ),
        ({"host": "192.0.2.1"}, "cannot listen on 192.0.2.1:0: Cannot assign requested address"),
    ],
)
def test_a_wrong_option_is_told(base_path, capsys, options, text):
    assert serve(base_path, **{"port": 0, **options}) == 2
    assert text in capsys.readouterr().err


def test_the_signal_handlers_are_given_back(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    serve(tmp_path / "none", 0)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_end_the_server_with_0(base_path, capsys, number):
    threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
    assert serve(base_path, 0) == 0
    assert "model server listening on 127.0.0.1:" in capsys.readouterr().out


@pytest.mark.slow
def test_a_signal_ends_the_process_while_a_version_loads(base_path):
    program = """
import logging, sys, threading
from pathlib import Path
from serving.model_server import servables
from serving.model_server.aside import aside
from serving.model_server.options import Options
from serving.model_server.serve import serve

servables.load_servable = lambda *_, **__: aside(threading.Event().wait)
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
options = Options(
    model_base_path=Path(sys.argv[1]), port=0, file_system_poll_wait_seconds=0.1, drain_seconds=1
)
sys.exit(serve(options))
"""
    command = [sys.executable, "-c", program, str(base_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        wait_until(lambda: "listening on" in process.stdout.readline(), seconds=300)
        (base_path / "1").mkdir()
        (base_path / "1" / "saved_model.pb").touch()
        wait_until(lambda: "loading version 1" in process.stdout.readline())
        process.terminate()
        assert process.wait(60) == 0
        assert "a version still loads" in process.stdout.read()


def has_ipv6():
    if not socket.has_ipv6:
        return False
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["[::1]", "::1"])
def test_both_apis_are_served_on_an_address_of_ipv6(base_path, capsys, host):
    (free,) = free_ports(1)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    assert serve(base_path, host=host, rest_api_port=free) == 0
    told = capsys.readouterr().out
    assert told.startswith("model server listening on [::1]:")
    assert f" and, for REST, on [::1]:{free} (" in told


def test_refusing_needs_no_tensorflow(tmp_path):
    program = (
        "import sys; from pathlib import Path; from serving.model_server.serve import serve\n"
        "from serving.model_server.options import Options\n"
        f"assert serve(Options(model_base_path=Path({str(tmp_path / 'none')!r}), port=0)) == 2\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_models_are_named_once(base_path, tmp_path, capsys):
    both = Options(model_base_path=base_path, model_config_file=tmp_path / "models.config")
    for options, received in ((Options(), "neither"), (both, "both")):
        assert serve_options(options) == 2
        assert f"or by --model_config_file; received {received}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model_config_list { config { naem: 'x' } }", "no field named"),
        ("", "must be a model_config_list, the only form there is; received nothing"),
        ("model_config_list {}", "must name at least one model, it names none"),
        (
            "model_config_list { config { name: 'x' model_platform: 'tensorflow' "
            "base_path: 'models/x' } }",
            "base_path of model 'x' must be an absolute path without '..', received 'models/x'",
        ),
    ],
)
def test_a_wrong_model_config_file_is_told(tmp_path, capsys, text, said):
    file = tmp_path / "models.config"
    file.write_text(text)
    assert serve_options(Options(model_config_file=file, port=0)) == 2
    error = capsys.readouterr().err
    assert said in error
    assert str(file) in error
    assert serve_options(Options(model_config_file=tmp_path / "none", port=0)) == 2
    assert "No such file or directory. Correct --model_config_file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prometheus_config { enabled: true }", 'no field named "enabled"'),
        ("prometheus_config { enable: true path: 'metrics' }", "must start with '/'"),
        ("prometheus_config { enable: true path: '/{a}' }", "received '/{a}'. Correct it"),
    ],
)
def test_a_wrong_monitoring_file_is_told(base_path, tmp_path, capsys, text, said):
    file = tmp_path / "monitoring.txtpb"
    file.write_text(text)
    (free,) = free_ports(1)
    assert serve(base_path, rest_api_port=free, monitoring_config_file=file) == 2
    assert said in capsys.readouterr().err


def test_a_load_leaves_room_for_calls_once_they_are_answered(tmp_path, monkeypatch):
    loads = []

    def load(path, version, batcher, are_calls_answered):
        loads.append((version, are_calls_answered()))
        return types.SimpleNamespace(close=lambda: None)

    def push(version):
        (tmp_path / str(version)).mkdir()
        (tmp_path / str(version) / "saved_model.pb").touch()

    monkeypatch.setattr(servables, "load_servable", load)
    push(1)
    options = Options(model_base_path=tmp_path, port=0, file_system_poll_wait_seconds=0.05)
    with contextlib.ExitStack() as running:
        serving._start(options, LATEST, running)
        push(2)
        wait_until(lambda: len(loads) == 2)
    assert loads == [(1, False), (2, True)]
