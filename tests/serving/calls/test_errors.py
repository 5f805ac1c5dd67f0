"""What a server says of a failure, as the client reads it."""

import grpc
import pytest

from serving.calls.errors import PUSHBACK, Failure


class Error(grpc.RpcError):
    def __init__(self, metadata):
        self.metadata = metadata

    def code(self):
        return grpc.StatusCode.UNAVAILABLE

    def details(self):
        return None

    def trailing_metadata(self):
        return self.metadata


@pytest.mark.parametrize(
    ("metadata", "pushback"),
    [
        (None, None),
        ((), None),
        ((("other", "5"),), None),
        (((PUSHBACK, "250"),), 0.25),
        (((PUSHBACK, "0"),), 0.0),
        (((PUSHBACK, b"40"),), 0.04),
        (((PUSHBACK, "-1"),), float("inf")),
        (((PUSHBACK, "soon"),), float("inf")),
        (((PUSHBACK, ""),), float("inf")),
        (((PUSHBACK, "²"),), float("inf")),
    ],
)
def test_pushback(metadata, pushback):
    failure = Failure.of(Error(metadata))
    assert failure == Failure(grpc.StatusCode.UNAVAILABLE, "", pushback)
    assert failure.retryable is (pushback != float("inf"))
