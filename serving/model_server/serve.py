"""Run the model server until it is told to stop.

TensorFlow is imported only after the arguments have proved right, so that a wrong one is answered
at once.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from serving.model_server.errors import StartError

logger = logging.getLogger(__name__)

DEFAULT_PORT = 8500
DRAIN_SECONDS = 30.0  # what Kubernetes grants between SIGTERM and SIGKILL
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(
    base_path: Path,
    port: int = DEFAULT_PORT,
    model_name: str = "recommender",
    *,
    host: str = "127.0.0.1",
    poll_seconds: float = 1.0,
    max_threads: int | None = None,
    drain_seconds: float = DRAIN_SECONDS,
) -> int:
    """Serve the newest version under a base path until SIGTERM or SIGINT.

    Prints one line on standard output when it listens, such as
    `model server listening on 127.0.0.1:8500 (model recommender, version 3)`. Call it from the
    main thread: it takes over the two signals.

    Args:
        base_path: Directory that holds the version directories; it may still be empty.
        port: Port to listen on; 0 takes a free one and prints it.
        model_name: Name under which callers ask for the model.
        host: Address to listen on; 0.0.0.0 for every interface.
        poll_seconds: Time between two looks for a new version; 0 looks only once.
        max_threads: Calls answered at the same time; None for four for each CPU.
        drain_seconds: Longest wait for calls in flight when stopping.

    Returns:
        The exit code: 0 after draining, 2 when it cannot start (the reason is on standard error).
    """
    with _stop_on_signal() as stop:
        try:
            _check(base_path, host, port, poll_seconds, max_threads)
            from serving.model_server.servables import load_servable
            from serving.model_server.server import ModelServer
            from serving.model_server.versions import ModelVersions

            # TensorFlow deprecates the loader of its own model server at every load.
            logging.getLogger("tensorflow").setLevel(logging.ERROR)
            model = ModelVersions(model_name, base_path, load_servable, poll_seconds=poll_seconds)
            server = ModelServer({model_name: model}, host, port, max_threads)
            bound = server.start()
        except StartError as error:
            sys.stderr.write(f"model server: {error}\n")
            return 2
        newest = model.available_version
        version = "no version available yet" if newest is None else f"version {newest}"
        sys.stdout.write(
            f"model server listening on {host}:{bound} (model {model_name}, {version})\n"
        )
        sys.stdout.flush()
        stop.wait()
        logger.info("stopping: waiting up to %.0f s for calls in flight", drain_seconds)
        server.stop(drain_seconds)
        logger.info("stopped")
    return 0


@contextlib.contextmanager
def _stop_on_signal() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set, instead of ending the process."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    previous = {number: signal.signal(number, on_signal) for number in _STOP_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _check(
    base_path: Path, host: str, port: int, poll_seconds: float, max_threads: int | None
) -> None:
    if not base_path.is_dir():
        raise StartError(
            f"the base path must be a directory that holds version directories, received "
            f"{base_path}. Push a model first, or correct --model_base_path"
        )
    if not 0 <= port <= 65535:
        raise StartError(f"the port must lie in 0..65535, received {port}. Correct --port")
    if poll_seconds < 0:
        raise StartError(
            f"the poll interval must be 0 (look once) or more seconds, received {poll_seconds:g}. "
            "Correct --file_system_poll_wait_seconds"
        )
    if max_threads is not None and max_threads < 1:
        raise StartError(
            f"there must be at least 1 thread, received {max_threads}. Correct --grpc_max_threads"
        )
    _check_port(host, port)


def _check_port(host: str, port: int) -> None:
    """Fail now rather than after TensorFlow and the model are loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            reason = "the port is in use" if in_use else error.strerror or str(error)
            raise StartError(
                f"cannot listen on {host}:{port}: {reason}. Stop what listens there, or choose "
                "another port with --port (0 takes a free one)"
            ) from error
