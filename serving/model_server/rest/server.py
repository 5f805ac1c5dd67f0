"""The HTTP server of the REST API and of the metrics: a loop in a thread of its own."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
from concurrent.futures import ThreadPoolExecutor

import grpc
from aiohttp import web

from serving.model_server.address import with_port
from serving.model_server.admission import Admission
from serving.model_server.errors import RequestError, StartError, internal, invalid_argument
from serving.model_server.loop_thread import LoopThread
from serving.model_server.metrics import Metrics
from serving.model_server.options import IN_FLIGHT_A_THREAD, THREADS_A_CPU
from serving.model_server.rest.api import RestApi
from serving.model_server.rest.to_json import dump

logger = logging.getLogger(__name__)

_STATUS = grpc.StatusCode
_HTTP = {
    _STATUS.CANCELLED: 499,
    _STATUS.INVALID_ARGUMENT: 400,
    _STATUS.FAILED_PRECONDITION: 400,
    _STATUS.OUT_OF_RANGE: 400,
    _STATUS.UNAUTHENTICATED: 401,
    _STATUS.PERMISSION_DENIED: 403,
    _STATUS.NOT_FOUND: 404,
    _STATUS.ALREADY_EXISTS: 409,
    _STATUS.ABORTED: 409,
    _STATUS.RESOURCE_EXHAUSTED: 429,
    _STATUS.UNIMPLEMENTED: 501,
    _STATUS.UNAVAILABLE: 503,
    _STATUS.DEADLINE_EXCEEDED: 504,
}  # any other is 500


@dataclasses.dataclass(frozen=True)
class RestOptions:
    """How to listen.

    Attributes:
        host: Address to listen on; one of IPv6 without brackets.
        port: Port; 0 takes a free one.
        timeout_s: Longest time for one answer.
        threads: Calls answered at the same time; None for 16 for each CPU.
        max_in_flight: Calls that may be answered or wait; more are refused. None for eight for
            each thread.
        max_body_bytes: Longest body, after decompression.
        metrics_path: Path of the Prometheus metrics; None for none.
        drain_s: Longest wait for calls in flight when stopping.
    """

    host: str = "127.0.0.1"
    port: int = 0
    timeout_s: float = 30.0
    threads: int | None = None
    max_in_flight: int | None = None
    max_body_bytes: int = 128 * 2**20
    metrics_path: str | None = None
    drain_s: float = 30.0


class RestServer:
    """Serves a RestApi over HTTP.

    Args:
        api: What answers.
        metrics: What is shown at the metrics path.
        options: How to listen.
    """

    def __init__(self, api: RestApi, metrics: Metrics, options: RestOptions) -> None:
        self._api = api
        self._metrics = metrics
        self._options = options
        threads = options.threads or THREADS_A_CPU * (os.cpu_count() or 1)
        limit = options.max_in_flight or IN_FLIGHT_A_THREAD * threads
        self._admission = Admission(limit, metrics)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rest")
        self._loop = LoopThread("rest-loop")
        self._runner: web.AppRunner | None = None

    def start(self) -> int:
        """Listen.

        Returns:
            The port.

        Raises:
            StartError: The port cannot be listened on.
        """
        self._loop.start()
        try:
            return self._loop.submit(self._listen()).result()
        except OSError as error:
            self.stop()
            address = with_port(self._options.host, self._options.port)
            raise StartError(
                f"cannot listen on {address}: {error.strerror}. "
                "Choose another port with --rest_api_port"
            ) from error

    def stop(self) -> None:
        """Take no further calls and let those in flight finish."""
        self._loop.submit(self._close()).result()
        self._loop.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _listen(self) -> int:
        app = web.Application(client_max_size=self._options.max_body_bytes)
        if self._options.metrics_path is not None:
            app.router.add_get(self._options.metrics_path, self._show_metrics)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=self._options.drain_s)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._options.host, self._options.port).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _show_metrics(self, request: web.Request) -> web.Response:
        return web.Response(
            body=self._metrics.exposition(), headers={"Content-Type": Metrics.CONTENT_TYPE}
        )

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            return _json(200, await self._answer(request))
        except RequestError as error:
            return _json(_HTTP.get(error.code, 500), dump({"error": error.message}))
        except web.HTTPRequestEntityTooLarge:
            limit = self._options.max_body_bytes
            return _json(413, dump({"error": f"a body may have at most {limit} bytes"}))
        except TimeoutError:
            limit_s = self._options.timeout_s
            message = f"no answer within {limit_s:g} s. Raise --rest_api_timeout_in_ms"
            return _json(504, dump({"error": message}))
        except Exception as error:
            logger.exception("a call failed inside the server")
            return _json(500, dump({"error": internal(error).message}))

    async def _answer(self, request: web.Request) -> bytes:
        with self._admission.admitted():
            async with asyncio.timeout(self._options.timeout_s):
                body = await _body(request)
                path = request.rel_url.raw_path
                return await asyncio.get_running_loop().run_in_executor(
                    self._pool, self._api.answer, request.method, path, body
                )


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.RequestPayloadError as error:
        encoding = request.headers.get("Content-Encoding", "none")
        raise invalid_argument(
            f"the body must be whole, and encoded as its headers say; received Content-Encoding "
            f"{encoding!r} and a body that is not: {error}. Send it again, or without the header"
        ) from error


def _json(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")
