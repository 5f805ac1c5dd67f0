"""Errors that a caller of the model server sees, and the one place that turns them into gRPC."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import grpc

logger = logging.getLogger(__name__)

Request = TypeVar("Request")
Response = TypeVar("Response")


class RequestError(Exception):
    """A request that cannot be answered, with the gRPC status that says why.

    Attributes:
        code: The gRPC status code.
        message: The rule, the value received and what to do.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class StartError(Exception):
    """The server cannot start as asked; the message says the rule, the value and what to do."""


def invalid_argument(message: str) -> RequestError:
    """A request that is wrong whatever the state of the server."""
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> RequestError:
    """A model or version that the server does not have."""
    return RequestError(grpc.StatusCode.NOT_FOUND, message)


def unimplemented(message: str) -> RequestError:
    """A call of the API that this server does not offer."""
    return RequestError(grpc.StatusCode.UNIMPLEMENTED, message)


def resource_exhausted(limit: int) -> RequestError:
    """A call that would have to wait behind too many others."""
    return RequestError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        f"the server answers or queues at most {limit} calls at the same time. Try again later, "
        "or add servers",
    )


def answer(
    handler: Callable[[Request], Response], request: Request, context: grpc.ServicerContext
) -> Response:
    """Run a handler; a `RequestError` becomes its status, any other error a logged INTERNAL."""
    failure: tuple[Any, str]
    if not context.is_active():
        context.abort(grpc.StatusCode.CANCELLED, "the caller gave up while the call waited")
    try:
        return handler(request)
    except RequestError as error:
        failure = (error.code, error.message)
    except Exception as error:
        logger.exception("a call failed inside the server")
        failure = (
            grpc.StatusCode.INTERNAL,
            f"the server failed on this request ({type(error).__name__}); its log has the trace",
        )
    # `abort` raises an exception of its own, so it stands outside the handlers above.
    context.abort(*failure)
    raise AssertionError("unreachable: grpc's abort raises")
