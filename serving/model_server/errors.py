"""Errors that a caller of the model server sees."""

from __future__ import annotations

import grpc


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


class RefusedError(RequestError):
    """A call that would have to wait behind too many others.

    Attributes:
        wait_ms: When it may come again.
    """

    def __init__(self, limit: int, wait_ms: int) -> None:
        super().__init__(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            f"the server answers or queues at most {limit} calls at the same time. Try again "
            "later, or add servers",
        )
        self.wait_ms = wait_ms


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


def internal(error: Exception) -> RequestError:
    """A fault of the server, whose log has the trace."""
    return RequestError(
        grpc.StatusCode.INTERNAL,
        f"the server failed on this request ({type(error).__name__}); its log has the trace",
    )
