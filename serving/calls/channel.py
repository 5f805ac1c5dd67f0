"""Blocking calls over one connection that is kept and made again where it breaks."""

from __future__ import annotations

import queue
import time
from typing import Any

import grpc

from serving.calls.attempts import Attempts, Begin, Over
from serving.calls.errors import Failure
from serving.calls.policy import RetryBudget, RetryPolicy
from serving.wire.messages import METHODS, Method

MAX_MESSAGE_BYTES = 2**31 - 1  # lists for many users outgrow gRPC's default of 4 MB

OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    # A target with several addresses is used in turns, so a hedge goes to another server.
    ("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'),
    # A server that was restarted is found again within seconds; gRPC's own waits grow to minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 2000),
)


class CallError(Exception):
    """A call that brought no answer, whatever was tried.

    Attributes:
        failure: How its last attempt ended.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.details)
        self.failure = failure


def serialize(request: Any) -> bytes:
    """A request as gRPC sends it."""
    return bytes(request.SerializeToString())


class Channel:
    """A connection. Safe to share between threads.

    Args:
        address: gRPC target: `host:port`, or `ipv4:host:port,host:port` for several servers.
        policy: When calls are tried again.
        credentials: Of TLS; None for a server without.
    """

    def __init__(
        self, address: str, policy: RetryPolicy, credentials: grpc.ChannelCredentials | None
    ) -> None:
        self._policy = policy
        self._budget = RetryBudget(policy)
        self._channel = (
            grpc.insecure_channel(address, options=OPTIONS)
            if credentials is None
            else grpc.secure_channel(address, credentials, options=OPTIONS)
        )
        self._stubs = {
            method: self._channel.unary_unary(
                method.path,
                request_serializer=serialize,
                response_deserializer=method.response.FromString,
            )
            for method in METHODS
        }

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def call(self, method: Method, request: Any, deadline: float) -> Any:
        """The response to a request.

        Args:
            method: The method.
            request: Its request.
            deadline: When to give up, on the monotonic clock.

        Raises:
            CallError: There is none.
        """
        stub = self._stubs[method]
        attempts = Attempts(self._policy, self._budget, deadline, time.monotonic())
        ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        running: set[Any] = set()
        try:
            while True:
                step = attempts.next(time.monotonic())
                if isinstance(step, Over):
                    raise CallError(step.failure)
                if isinstance(step, Begin):
                    if step.alone:  # a plain call takes the shorter way through gRPC
                        try:
                            return stub(request, timeout=step.timeout_s)
                        except grpc.RpcError as error:
                            attempts.failed(Failure.of(error), time.monotonic())
                    else:
                        attempt = stub.future(request, timeout=step.timeout_s)
                        running.add(attempt)
                        attempt.add_done_callback(ended.put)
                    continue
                if (attempt := _first(ended, step.seconds)) is not None:
                    running.remove(attempt)
                    if attempt.code() is grpc.StatusCode.OK:
                        return attempt.result()
                    attempts.failed(Failure.of(attempt), time.monotonic())
        finally:
            for attempt in running:
                attempt.cancel()


def _first(ended: queue.SimpleQueue[Any], seconds: float | None) -> Any:
    """The next attempt that ends within the time, or None."""
    try:
        return ended.get(timeout=seconds)
    except queue.Empty:
        return None
