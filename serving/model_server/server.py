"""The server: PredictionService, ModelService and health over gRPC, and the REST API."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from serving.calls.channel import MAX_MESSAGE_BYTES
from serving.model_server.address import with_port
from serving.model_server.admission import Admission
from serving.model_server.errors import RequestError, StartError
from serving.model_server.grpc_api import GrpcApi
from serving.model_server.metrics import Metrics
from serving.model_server.model_service import ModelService
from serving.model_server.model_set import ModelSet
from serving.model_server.options import IN_FLIGHT_A_THREAD, THREADS_A_CPU
from serving.model_server.prediction_service import PredictionService
from serving.model_server.registration import handlers
from serving.model_server.rest.api import RestApi
from serving.model_server.rest.server import RestOptions, RestServer
from serving.model_server.servables import Servable
from serving.model_server.versions import ModelVersions

# Calls that are told when to come again, at the same time. gRPC itself lets go of those beyond
# without a word, which costs a tenth: with 64, a server with three times too many callers had time
# for half as many answers.
MAX_REFUSALS = 2

# What was cancelled at the end of the drain may be computed to its end.
_LAST_SECONDS = 5.0

_CHANNEL_ARGUMENTS: dict[str, int | str] = {
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    # Without this, a second server on the same port starts and takes half the calls.
    "grpc.so_reuseport": 0,
}

# "" is the server as a whole. The two short names are those that TensorFlow Serving registers.
HEALTH_SERVICES = ("", "PredictionService", "ModelService")


class ModelServer:
    """Serves models over gRPC, and over HTTP where it is asked to.

    Args:
        models: The models; a plain mapping of names to versions is made a set that can be
            replaced. Not started yet.
        host: Address to listen on; one of IPv6 without brackets.
        port: Port to listen on; 0 takes a free one.
        max_threads: Calls that are computed at the same time, beside those that are joined with
            others; further ones wait. None for 16 for each CPU.
        max_in_flight: Calls that may be answered or wait; more are refused with
            RESOURCE_EXHAUSTED and told when to come again. None for eight for each thread.
        health_service: Offer gRPC's health service.
        credentials: TLS of the gRPC port; None for none.
        channel_arguments: Arguments of the gRPC library, which go before our own.
        tensor_content: Send numbers of an answer as one block of bytes.
        rest: How to serve the REST API; None does not.
        metrics: What counts the calls.
    """

    def __init__(
        self,
        models: Mapping[str, ModelVersions[Servable]],
        host: str,
        port: int,
        max_threads: int | None = None,
        *,
        max_in_flight: int | None = None,
        health_service: bool = True,
        credentials: grpc.ServerCredentials | None = None,
        channel_arguments: Sequence[tuple[str, int | str]] = (),
        tensor_content: bool = False,
        rest: RestOptions | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        metrics = metrics or Metrics()
        threads = max_threads or THREADS_A_CPU * (os.cpu_count() or 1)
        limit = max_in_flight or IN_FLIGHT_A_THREAD * threads
        self._models = models if isinstance(models, ModelSet) else ModelSet(models)
        self._host = host
        self._port = port
        self._credentials = credentials
        self._health = health.HealthServicer() if health_service else None
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="compute")
        # A thread for each call, so that none waits where it can be neither answered nor refused.
        self._server = grpc.server(
            ThreadPoolExecutor(limit + MAX_REFUSALS, thread_name_prefix="grpc"),
            options=list({**_CHANNEL_ARGUMENTS, **dict(channel_arguments)}.items()),
            maximum_concurrent_rpcs=limit + MAX_REFUSALS,
        )
        self._stopped = False
        prediction = PredictionService(self._models, metrics, tensor_content)
        model_service = ModelService(self._models)
        api = GrpcApi(self._models, prediction, model_service, metrics, self._threads)
        self._server.add_generic_rpc_handlers(handlers(api, Admission(limit, metrics)))
        if self._health is not None:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.rest_port: int | None = None
        self._rest: RestServer | None = None
        if rest is not None:
            shared = RestApi(self._models, prediction, model_service, metrics)
            self._rest = RestServer(shared, metrics, rest)

    def start(self, labels: Mapping[str, Mapping[str, int]] | None = None) -> int:
        """Load what there is to load, then listen.

        Args:
            labels: Model name -> label -> version, set once the versions are loaded.

        Returns:
            The port.

        Raises:
            StartError: The port cannot be listened on, or a label names a version that is not
                loaded.
        """
        try:
            self._models.start(labels, self._update_health)
            self._update_health()
            if self._rest is not None:
                self.rest_port = self._rest.start()
            return self._listen()
        except (RequestError, StartError) as error:
            if self._rest is not None and self.rest_port is not None:
                self._rest.stop()
            self._close()
            raise StartError(str(error)) from error

    def _listen(self) -> int:
        address = with_port(self._host, self._port)
        try:
            port: int = (
                self._server.add_insecure_port(address)
                if self._credentials is None
                else self._server.add_secure_port(address, self._credentials)
            )
        except RuntimeError as error:
            tls = "" if self._credentials is None else ", or correct --ssl_config_file"
            raise StartError(
                f"cannot listen on {address}: {error}. Choose another port with --port{tls}"
            ) from error
        self._server.start()
        return port

    def stop(self, drain_seconds: float) -> bool:
        """Take no further calls, let those in flight finish, then release the models; but once.

        Args:
            drain_seconds: Longest wait; a call still running then is cancelled.

        Returns:
            Whether the models were released; not where one is still being loaded.
        """
        if self._stopped:
            return True
        if self._health is not None:
            self._health.enter_graceful_shutdown()
        stopped = self._server.stop(drain_seconds)
        if self._rest is not None:
            self._rest.stop()
        stopped.wait()
        return self._close()

    def _close(self) -> bool:
        self._stopped = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        return self._models.stop(_LAST_SECONDS)

    def _update_health(self) -> None:
        if self._health is None:
            return
        ready = all(model.available_version is not None for model in self._models.values())
        serving = health_pb2.HealthCheckResponse
        for service in HEALTH_SERVICES:
            status = serving.SERVING if ready else serving.NOT_SERVING
            self._health.set(service, status)
