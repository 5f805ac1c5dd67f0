"""What a model server is started with; named as the flags of `tensorflow_model_server`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from serving.model_server.errors import StartError

DEFAULT_PORT = 8500
# TensorFlow Serving has four threads a CPU. Here a call over REST holds one while its batch waits,
# so there must be as many as a batch may have requests.
THREADS_A_CPU = 16
# About what is answered in a third of a second: the moments in which all calls wait, as while a
# version is loaded, must not make the server refuse any.
IN_FLIGHT_A_THREAD = 8
DRAIN_SECONDS = 30.0  # what Kubernetes grants between SIGTERM and SIGKILL


@dataclasses.dataclass(frozen=True)
class Options:
    """Flags of the server; only `host`, `max_in_flight_calls` and `drain_seconds` are our own.

    Attributes:
        model_base_path: Directory of the one model's version directories; may still be empty.
        model_name: Name under which callers ask for that model.
        model_config_file: ModelServerConfig in text format, in place of the two above.
        model_config_file_poll_wait_seconds: Time between two looks at that file; 0 reads it once.
        allow_version_labels_for_unavailable_models: A label that is not in use may name a version
            that is not loaded.
        host: Address to listen on; 0.0.0.0 for every interface.
        port: gRPC port; 0 takes a free one and prints it.
        file_system_poll_wait_seconds: Time between two looks for new versions; 0 looks once.
        grpc_max_threads: Calls computed at the same time, beside those that are joined with others;
            None for 16 for each CPU.
        grpc_channel_arguments: Arguments of the gRPC library, such as
            `grpc.max_receive_message_length=4194304`, separated by commas.
        enable_grpc_healthcheck_service: Offer gRPC's health service; off by default there.
        ssl_config_file: SSLConfig in text format: TLS on the gRPC port.
        rest_api_port: Port of the REST API, which is without TLS; 0 serves none.
        rest_api_timeout_in_ms: Longest time for one answer over REST.
        rest_api_num_threads: REST calls answered at the same time; None for 16 for each CPU.
        monitoring_config_file: MonitoringConfig in text format: Prometheus metrics on the REST
            port.
        enable_batching: Join concurrent requests.
        batching_parameters_file: BatchingParameters in text format; None for the defaults.
        enable_serialization_as_tensor_content: Send numbers of an answer as one block of bytes,
            which is smaller and faster.
        max_in_flight_calls: Calls that may be answered or wait, over gRPC and over REST each; more
            are refused with RESOURCE_EXHAUSTED. None for eight for each thread.
        drain_seconds: Longest wait for calls in flight when stopping.
    """

    model_base_path: Path | None = None
    model_name: str = "recommender"
    model_config_file: Path | None = None
    model_config_file_poll_wait_seconds: float = 0.0
    allow_version_labels_for_unavailable_models: bool = False
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    file_system_poll_wait_seconds: float = 1.0
    grpc_max_threads: int | None = None
    grpc_channel_arguments: str = ""
    enable_grpc_healthcheck_service: bool = True
    ssl_config_file: Path | None = None
    rest_api_port: int = 0
    rest_api_timeout_in_ms: int = 30_000
    rest_api_num_threads: int | None = None
    monitoring_config_file: Path | None = None
    enable_batching: bool = False
    batching_parameters_file: Path | None = None
    enable_serialization_as_tensor_content: bool = False
    max_in_flight_calls: int | None = None
    drain_seconds: float = DRAIN_SECONDS

    def check(self) -> None:
        """Refuse what cannot work, before anything is loaded.

        Raises:
            StartError: The rule, the value received and the flag to correct.
        """
        if (self.model_base_path is None) == (self.model_config_file is None):
            raise StartError(
                "the models must be named once: by --model_base_path or by --model_config_file; "
                f"received {'neither' if self.model_base_path is None else 'both'}"
            )
        if self.model_base_path is not None and not self.model_base_path.is_dir():
            raise StartError(
                f"the base path must be a directory that holds version directories, received "
                f"{self.model_base_path}. Push a model first, or correct --model_base_path"
            )
        self._check_numbers()
        self.channel_arguments()
        if self.monitoring_config_file is not None and self.rest_api_port == 0:
            raise StartError(
                "metrics are shown on the REST port, received --monitoring_config_file without "
                "it. Set --rest_api_port"
            )
        if self.batching_parameters_file is not None and not self.enable_batching:
            raise StartError(
                "received --batching_parameters_file without --enable_batching. Add it, or leave "
                "the file out"
            )
        if self.port and self.port == self.rest_api_port:
            raise StartError(
                f"gRPC and REST need a port each, received {self.port} for both. Correct --port "
                "or --rest_api_port"
            )

    def channel_arguments(self) -> list[tuple[str, int | str]]:
        """`grpc_channel_arguments` as pairs; whole numbers are read as such.

        Raises:
            StartError: One of them is not `key=value`.
        """
        pairs: list[tuple[str, int | str]] = []
        for argument in filter(None, self.grpc_channel_arguments.split(",")):
            key, equals, value = argument.partition("=")
            if not key or not equals:
                raise StartError(
                    f"a channel argument must be key=value, received {argument!r}. Correct "
                    "--grpc_channel_arguments"
                )
            pairs.append((key, int(value) if value.lstrip("-").isdecimal() else value))
        return pairs

    def _check_numbers(self) -> None:
        for flag in ("port", "rest_api_port"):
            if not 0 <= getattr(self, flag) <= 65535:
                raise StartError(
                    f"the port must lie in 0..65535, received {getattr(self, flag)}. "
                    f"Correct --{flag}"
                )
        for flag in ("file_system_poll_wait_seconds", "model_config_file_poll_wait_seconds"):
            if getattr(self, flag) < 0:
                raise StartError(
                    "the poll interval must be 0 (look once) or more seconds, received "
                    f"{getattr(self, flag):g}. Correct --{flag}"
                )
        for flag, unit in (
            ("grpc_max_threads", "thread"),
            ("rest_api_num_threads", "thread"),
            ("rest_api_timeout_in_ms", "ms"),
            ("max_in_flight_calls", "call"),
        ):
            number = getattr(self, flag)
            if number is not None and number < 1:
                raise StartError(
                    f"there must be at least 1 {unit}, received {number}. Correct --{flag}"
                )
