"""What the blocking client and that of asyncio share: a conversation without input or output.

A flow is a generator: it yields what is to be done, is sent what came of it, and returns the
answer. So the contract is written once, and each client only does what it is told in its own way.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple, TypeVar

from serving.calls.errors import ServingError
from serving.user_state.record import UserStateError
from serving.wire.messages import Method

Answer = TypeVar("Answer")


class Call(NamedTuple):
    """Ask the server; sends back the response, raises `ServingError`."""

    method: Method
    request: Any
    share: float = 1.0  # of the time that is left, which it may take


class Look(NamedTuple):
    """Run a function that may block: one of a store; sends back its answer, raises its errors."""

    function: Callable[[], Any]


Step = Call | Look
Flow = Generator[Step, Any, Answer]
STEP_ERRORS = (ServingError, UserStateError)


def run(flow: Flow[Answer], do: Callable[[Step], Any]) -> Answer:
    """Drives a flow.

    Args:
        flow: The conversation.
        do: Does a step. The errors that steps name are raised in the flow, others here.
    """
    result: Any = None
    error: Exception | None = None
    try:
        while True:
            step = flow.send(result) if error is None else flow.throw(error)
            try:
                result, error = do(step), None
            except STEP_ERRORS as raised:
                error = raised
    except StopIteration as end:
        answer: Answer = end.value
        return answer


async def run_async(flow: Flow[Answer], do: Callable[[Step], Awaitable[Any]]) -> Answer:
    """Drives a flow in an event loop; see `run`."""
    result: Any = None
    error: Exception | None = None
    try:
        while True:
            step = flow.send(result) if error is None else flow.throw(error)
            try:
                result, error = await do(step), None
            except STEP_ERRORS as raised:
                error = raised
    except StopIteration as end:
        answer: Answer = end.value
        return answer


def hurried(flow: Flow[Answer], share: float) -> Flow[Answer]:
    """The same conversation; each of its calls may take but a share of the time that is left."""
    try:
        step = flow.send(None)
        while True:
            try:
                result = yield step._replace(share=share) if isinstance(step, Call) else step
            except STEP_ERRORS as error:
                step = flow.throw(error)
            else:
                step = flow.send(result)
    except StopIteration as end:
        answer: Answer = end.value
        return answer


def end_of(call: Call, deadline: float) -> float:
    """When a call must have its answer, by the monotonic clock.

    Args:
        call: The call.
        deadline: When its conversation must be over, by the same clock.
    """
    now = time.monotonic()
    return now + call.share * (deadline - now)
