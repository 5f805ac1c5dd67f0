"""Why a call brought no answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import grpc

# How a server says when it may be asked again: milliseconds; a negative number means never.
# https://github.com/grpc/proposal/blob/master/A6-client-retries.md
PUSHBACK = "grpc-retry-pushback-ms"


class ServingError(Exception):
    """A call that brought no answer.

    Attributes:
        code: Name of the gRPC status, such as `UNAVAILABLE`; `INVALID_ARGUMENT` also where the
            client itself refused to send the request.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Failure(NamedTuple):
    """How one attempt of a call ended.

    Attributes:
        code: The gRPC status.
        details: What the server, or gRPC itself, said.
        pushback_s: Seconds after which the server wants to be asked again; infinite for never,
            None where it said nothing.
    """

    code: grpc.StatusCode
    details: str
    pushback_s: float | None = None

    @classmethod
    def of(cls, error: Any) -> Failure:
        """From the error that gRPC raised."""
        return cls(error.code(), error.details() or "", _pushback(error.trailing_metadata() or ()))

    @property
    def verdict(self) -> bool:
        """True where it tells of the request, not of the server: any other would say the same."""
        return self.code not in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
        )

    @property
    def retryable(self) -> bool:
        """True where another attempt may bring the answer and harms nobody.

        All calls of the API only read, so they may be repeated. A busy server is asked again only
        where it said when: asking at once is what keeps it busy.
        """
        if self.code is grpc.StatusCode.UNAVAILABLE:
            return self.pushback_s != float("inf")
        told = self.pushback_s is not None and self.pushback_s != float("inf")
        return self.code is grpc.StatusCode.RESOURCE_EXHAUSTED and told

    def explained(self, address: str, timeout_s: float) -> ServingError:
        """The error for the caller."""
        if self.code is grpc.StatusCode.UNAVAILABLE:
            port = address.rpartition(":")[2]
            message = (
                f"no model server answers at {address} ({self.details}). Start one with "
                f"`sluice serve --port {port}`, or give the address of one that runs"
            )
        elif self.code is grpc.StatusCode.DEADLINE_EXCEEDED:
            message = (
                f"the model server at {address} did not answer within {timeout_s:g} s. "
                "Ask for less in one call, or raise timeout_s"
            )
        else:
            message = f"the model server at {address} refused the call: {self.details}"
        return ServingError(self.code.name, message)


def _pushback(metadata: Iterable[tuple[str, str | bytes]]) -> float | None:
    for key, value in metadata:
        if key == PUSHBACK:
            # What cannot be read means never, as in gRPC's own clients.
            text = value.decode() if isinstance(value, bytes) else value
            return int(text) / 1000 if text.isascii() and text.isdigit() else float("inf")
    return None
