"""Run the model server until it is told to stop.

TensorFlow is imported only after the arguments have proved right, so that a wrong one is answered
at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import functools
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

from serving.model_server.address import bare, with_port
from serving.model_server.batching_config import Batching, read_batching
from serving.model_server.errors import RequestError, StartError
from serving.model_server.model_config import ModelConfig, read_model_config
from serving.model_server.monitoring_config import read_metrics_path
from serving.model_server.options import Options
from serving.model_server.parent import end_with_parent
from serving.model_server.tls import read_credentials
from serving.model_server.version_policy import LATEST, VersionPolicy

if TYPE_CHECKING:
    from serving.model_server.metrics import Metrics
    from serving.model_server.model_set import ModelSet
    from serving.model_server.rest.server import RestOptions
    from serving.model_server.servables import Servable
    from serving.model_server.server import ModelServer
    from serving.model_server.versions import ModelVersions

logger = logging.getLogger(__name__)

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# How long a thread may keep the interpreter while others wait for it. By default it is 5 ms, which
# every call would wait several times while a version is loaded.
_SWITCH_SECONDS = 0.0005


def serve(options: Options, policy: VersionPolicy = LATEST) -> int:
    """Serve until SIGTERM or SIGINT.

    Prints one line on standard output when it listens, such as
    `model server listening on 127.0.0.1:8500 (model recommender, version 3)`. Call it from the
    main thread: it takes over the two signals.

    Args:
        options: What to serve, and how.
        policy: Which versions of the model of `options.model_base_path` are served.

    Returns:
        The exit code: 0 after draining, 2 when it cannot start (the reason is on standard error).
    """
    end_with_parent()
    options = dataclasses.replace(options, host=bare(options.host))
    with _stop_on_signal() as stop, contextlib.ExitStack() as running:
        try:
            options.check()
            _check_port(options.host, options.port, "--port")
            if options.rest_api_port:
                _check_port(options.host, options.rest_api_port, "--rest_api_port")
            line = _start(options, policy, running)
        except StartError as error:
            sys.stderr.write(f"model server: {error}\n")
            return 2
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        stop.wait()
        logger.info("stopping: waiting up to %.0f s for calls in flight", options.drain_seconds)
        running.close()
        logger.info("stopped")
    return 0


def _start(options: Options, policy: VersionPolicy, running: contextlib.ExitStack) -> str:
    """Start everything; `running` stops it. Returns the line that says so."""
    configs = _configs(options, policy)
    ssl = options.ssl_config_file
    credentials = None if ssl is None else read_credentials(ssl)
    batching = _batching(options)
    rest = _rest_options(options)
    from serving.model_server.metrics import Metrics
    from serving.model_server.server import ModelServer

    sys.setswitchinterval(_SWITCH_SECONDS)
    # TensorFlow deprecates the loader of its own model server at every load.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    metrics = Metrics()
    listening = threading.Event()
    models = _models(options, configs, metrics, batching, listening.is_set)
    # What the imports have made is never garbage: to look through it again takes 200 ms, in which
    # no call is answered.
    gc.collect()
    gc.freeze()
    server = ModelServer(
        models,
        options.host,
        options.port,
        options.grpc_max_threads,
        max_in_flight=options.max_in_flight_calls,
        health_service=options.enable_grpc_healthcheck_service,
        credentials=credentials,
        channel_arguments=options.channel_arguments(),
        tensor_content=options.enable_serialization_as_tensor_content,
        rest=rest,
        metrics=metrics,
    )
    port = server.start({config.name: config.labels for config in configs})
    listening.set()
    running.callback(_stop, server, options.drain_seconds)
    _watch_config_file(options, models, configs, running)
    served = ", ".join(f"model {name}, {_version(model)}" for name, model in models.items())
    also = "" if rest is None else f" and, for REST, on {with_port(rest.host, server.rest_port)}"
    return f"model server listening on {with_port(options.host, port)}{also} ({served})"


def _models(
    options: Options,
    configs: tuple[ModelConfig, ...],
    metrics: Metrics,
    batching: Batching | None,
    are_calls_answered: Callable[[], bool],
) -> ModelSet:
    from serving.model_server.batching import Batcher
    from serving.model_server.model_set import ModelSet
    from serving.model_server.servables import load_servable
    from serving.model_server.versions import ModelVersions

    batcher = None if batching is None else Batcher(batching)
    load = metrics.loading(
        functools.partial(load_servable, batcher=batcher, are_calls_answered=are_calls_answered)
    )

    def create(config: ModelConfig) -> ModelVersions[Servable]:
        return ModelVersions(
            config.name,
            config.base_path,
            load,
            policy=config.policy,
            poll_seconds=options.file_system_poll_wait_seconds,
        )

    return ModelSet(
        {config.name: create(config) for config in configs},
        create,
        allow_labels_for_unavailable=options.allow_version_labels_for_unavailable_models,
    )


def _stop(server: ModelServer, drain_seconds: float) -> None:
    """Stop the server; the process with it where a version still loads, which nothing can end."""
    if not server.stop(drain_seconds):
        logger.info("stopped in the middle of a load")
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        # Leaving in order would wait for the thread that loads.
        os._exit(0)


def _watch_config_file(
    options: Options,
    models: ModelSet,
    configs: tuple[ModelConfig, ...],
    running: contextlib.ExitStack,
) -> None:
    from serving.model_server.config_file import ConfigFileWatch

    seconds = options.model_config_file_poll_wait_seconds
    if options.model_config_file is not None and seconds > 0:
        watch = ConfigFileWatch(options.model_config_file, models, configs, seconds)
        watch.start()
        running.callback(watch.stop)


def _batching(options: Options) -> Batching | None:
    if not options.enable_batching:
        return None
    file = options.batching_parameters_file
    return Batching() if file is None else read_batching(file)


def _rest_options(options: Options) -> RestOptions | None:
    if options.rest_api_port == 0:
        return None
    monitoring = options.monitoring_config_file
    metrics_path = None if monitoring is None else read_metrics_path(monitoring)
    from serving.model_server.rest.server import RestOptions

    return RestOptions(
        options.host,
        options.rest_api_port,
        options.rest_api_timeout_in_ms / 1000,
        options.rest_api_num_threads,
        options.max_in_flight_calls,
        metrics_path=metrics_path,
        drain_s=options.drain_seconds,
    )


def _configs(options: Options, policy: VersionPolicy) -> tuple[ModelConfig, ...]:
    if options.model_config_file is None:
        assert options.model_base_path is not None  # noqa: S101 -- for the type checker
        return (ModelConfig(options.model_name, options.model_base_path, policy),)
    try:
        configs = read_model_config(options.model_config_file)
    except RequestError as error:
        raise StartError(f"{options.model_config_file}: {error.message}") from error
    if not configs:
        raise StartError(f"{options.model_config_file} must name at least one model, it names none")
    return configs


def _version(model: ModelVersions[Servable]) -> str:
    newest = model.available_version
    return "no version available yet" if newest is None else f"version {newest}"


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


def _check_port(host: str, port: int, flag: str) -> None:
    """Fail now rather than after TensorFlow and the model are loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            in_use = error.errno == errno.EADDRINUSE
            reason = "the port is in use" if in_use else error.strerror or str(error)
            raise StartError(
                f"cannot listen on {with_port(host, port)}: {reason}. Stop what listens there, or "
                f"choose another port with {flag}"
            ) from error
