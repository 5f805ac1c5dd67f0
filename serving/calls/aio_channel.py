"""Calls of asyncio over one connection; the same contract as `serving.calls.channel`."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc.aio

from serving.calls.attempts import Attempts, Begin, Over
from serving.calls.channel import OPTIONS, CallError, serialize
from serving.calls.errors import Failure
from serving.calls.policy import RetryBudget, RetryPolicy
from serving.wire.messages import METHODS, Method


class AsyncChannel:
    """A connection, for one event loop.

    Args:
        address: As for `Channel`.
        policy: When calls are tried again.
        credentials: Of TLS; None for a server without.
    """

    def __init__(
        self, address: str, policy: RetryPolicy, credentials: grpc.ChannelCredentials | None
    ) -> None:
        self._policy = policy
        self._budget = RetryBudget(policy)
        self._channel = (
            grpc.aio.insecure_channel(address, options=OPTIONS)
            if credentials is None
            else grpc.aio.secure_channel(address, credentials, options=OPTIONS)
        )
        self._stubs = {
            method: self._channel.unary_unary(
                method.path,
                request_serializer=serialize,
                response_deserializer=method.response.FromString,
            )
            for method in METHODS
        }

    async def close(self) -> None:
        """Closes the connection."""
        await self._channel.close()

    async def call(self, method: Method, request: Any, deadline: float) -> Any:
        """See `Channel.call`."""
        attempts = Attempts(self._policy, self._budget, deadline, time.monotonic())
        running: set[asyncio.Task[Any]] = set()
        try:
            while True:
                step = attempts.next(time.monotonic())
                if isinstance(step, Over):
                    raise CallError(step.failure)
                if isinstance(step, Begin):
                    attempt = self._attempt(self._stubs[method], request, step.timeout_s)
                    running.add(asyncio.create_task(attempt))
                elif not running:
                    await asyncio.sleep(step.seconds or 0.0)
                else:
                    ended, running = await asyncio.wait(
                        running, timeout=step.seconds, return_when=asyncio.FIRST_COMPLETED
                    )
                    for outcome in (task.result() for task in ended):
                        if not isinstance(outcome, Failure):
                            return outcome
                        attempts.failed(outcome, time.monotonic())
        finally:
            for task in running:
                task.cancel()

    async def _attempt(self, stub: Any, request: Any, timeout_s: float) -> Any:
        """The response, or the failure."""
        try:
            return await stub(request, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            return Failure.of(error)
