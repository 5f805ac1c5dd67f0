"""The load: callers in a process of their own.

`python -m benchmarks.serving.load_side PLAN SAID`, with a plan as `benchmarks.serving.load` writes
it. No TensorFlow here: the process must cost the server's cores little.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from benchmarks.serving.calls import ANSWERED
from benchmarks.serving.traffic import arrivals, load_requests
from serving.client import MAX_MESSAGE_BYTES
from serving.wire.messages import PREDICT

BEGINS = "the load begins"
_LEAD_SECONDS = 0.2  # from here until the first caller may come

Call = tuple[float, float, int, int]  # due, ended, version (0 for none), status


class Callers:
    """Asks the server; every call is written down."""

    def __init__(self, channel: grpc.aio.Channel, requests: list[bytes], deadline: float) -> None:
        # Bytes in, bytes out: what a request says was settled before.
        self._predict = channel.unary_unary(PREDICT.path)
        self._requests = requests
        self._deadline = deadline
        self._stopped = False
        self.calls: list[Call] = []
        self.began = 0.0

    async def open(self, schedule: list[float]) -> None:
        """Callers come by the schedule, however long the others still wait, until it is stopped."""
        self.began = time.monotonic() + _LEAD_SECONDS
        async with asyncio.TaskGroup() as group:
            for number, after in enumerate(schedule):
                due = self.began + after
                wait = due - time.monotonic()
                if wait > 0:
                    await asyncio.sleep(wait)
                if self._stopped:
                    return
                group.create_task(self._call(number, due))

    def stop(self) -> None:
        """Nobody comes any more; those who wait get their answers."""
        self._stopped = True

    async def closed(self, callers: int, seconds: float) -> None:
        """As many callers as said, each of whom asks again as soon as it has an answer."""
        self.began = time.monotonic()
        until = self.began + seconds
        numbers = iter(range(sys.maxsize))
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(self._again(numbers, until))

    async def _again(self, numbers: Iterator[int], until: float) -> None:
        while (now := time.monotonic()) < until:
            await self._call(next(numbers), now)

    async def _call(self, number: int, due: float) -> None:
        request = self._requests[number % len(self._requests)]
        try:
            answer = await self._predict(request, timeout=self._deadline)
        except grpc.aio.AioRpcError as error:
            self.calls.append((due, time.monotonic(), 0, error.code().value[0]))
            return
        ended = time.monotonic()
        version = PREDICT.response.FromString(answer).model_spec.version.value
        self.calls.append((due, ended, version, ANSWERED))


async def ask(plan: dict[str, Any]) -> Callers:
    """Carries out a plan."""
    options = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)]
    async with grpc.aio.insecure_channel(plan["address"], options=options) as channel:
        await channel.channel_ready()
        callers = Callers(channel, load_requests(Path(plan["requests"])), plan["deadline"])
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, callers.stop)
        sys.stdout.write(f"{BEGINS}\n")
        sys.stdout.flush()
        if "phases" in plan:
            await callers.open(arrivals(plan["phases"], plan["seed"]).tolist())
        else:
            await callers.closed(plan["callers"], plan["seconds"])
    return callers


def main(plan: str, said: str) -> None:
    """Asks by the plan, and writes every call down."""
    gc.freeze()
    callers = asyncio.run(ask(json.loads(Path(plan).read_text())))
    columns = [np.array(column) for column in zip(*callers.calls, strict=True)]
    due, ended, version, status = columns
    np.savez(said, began=callers.began, due=due, ended=ended, version=version, status=status)


if __name__ == "__main__":
    main(*sys.argv[1:])
