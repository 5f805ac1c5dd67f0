"""A thin client of the `recommender` model: typed values in, typed values out.

It speaks TensorFlow Serving's gRPC API, so it works against the embedded server and against the
real one alike. `serving.aio_client` is the same for asyncio.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
import numpy as np
from numpy.typing import NDArray

from serving import contract
from serving.calls.channel import MAX_MESSAGE_BYTES, CallError, Channel
from serving.calls.errors import ServingError
from serving.calls.policy import RetryPolicy
from serving.flows import Call, Flow, Step, end_of, run
from serving.query import Query, Recommendation, SimilarItem
from serving.served_model import ServedModel, VersionStatus

__all__ = [
    "MAX_MESSAGE_BYTES",
    "RecommenderClient",
    "RetryPolicy",
    "ServingError",
    "VersionStatus",
]

Answer = TypeVar("Answer")


class RecommenderClient:
    """Asks one model server for recommendations. Safe to share between threads.

    All calls only read, so they are tried again where that may help; see `RetryPolicy`. One
    connection is kept for all of them.

    Args:
        address: `host:port`, or `ipv4:host:port,host:port` for several servers of one model.
        model_name: Name under which the server knows the model.
        timeout_s: Longest wait for one answer, seconds, with all that is tried for it.
        retries: When a call is tried again.
        credentials: `grpc.ssl_channel_credentials(...)` for a server with TLS, with the client's
            own key and certificate for mutual TLS; None for a server without.
        label: Label of the version that is asked: `stable`, where a server also has one that is
            tried out; "" for the one that the server chooses, its newest.
    """

    def __init__(
        self,
        address: str,
        model_name: str = "recommender",
        timeout_s: float = 10.0,
        retries: RetryPolicy = RetryPolicy(),  # noqa: B008  # frozen
        credentials: grpc.ChannelCredentials | None = None,
        label: str = "",
    ) -> None:
        self.address = address
        self.model_name = model_name
        self.timeout_s = timeout_s
        self.model = ServedModel(model_name, label)
        self._channel = Channel(address, retries, credentials)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    # ------------------------------------------------------------ the serving contract

    def recommend(self, requests: Sequence[Query], k: int) -> list[list[Recommendation]]:
        """The best items for each request, best first.

        Args:
            requests: Any number of requests; they travel in one call.
            k: Items for each request. Fewer come back where the catalogue has no more to offer.

        Returns:
            One list for each request.

        Raises:
            ServingError: No answer; the message says why and what to do.
        """
        question = contract.recommend(requests, k)
        return self.run(self.model.ask(question)).value if requests else []

    def rank(
        self, requests: Sequence[Query], candidate_item_ids: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """The calibrated score of each given candidate.

        Args:
            requests: Any number of requests; what they exclude has no part in it.
            candidate_item_ids: For each request the items to score.

        Returns:
            For each request one score for each candidate, in the order given.

        Raises:
            ServingError: No answer; the message says why and what to do.
        """
        question = contract.rank(requests, candidate_item_ids)
        return self.run(self.model.ask(question)).value if requests else []

    def similar_items(self, item_ids: Sequence[str], k: int) -> list[list[SimilarItem]]:
        """The items most like each given item, most similar first.

        Args:
            item_ids: Any number of items.
            k: Neighbours for each.

        Returns:
            One list for each item.

        Raises:
            ServingError: No answer; the message says why and what to do.
        """
        question = contract.similar_items(item_ids, k)
        return self.run(self.model.ask(question)).value if item_ids else []

    def query_embedding(self, requests: Sequence[Query]) -> NDArray[np.float32]:
        """The query tower's vector of each request, float32 [B, D].

        Args:
            requests: At least one request; what they exclude has no part in it.

        Raises:
            ServingError: No answer; the message says why and what to do.
        """
        return self.run(self.model.ask(contract.query_embedding(requests))).value

    # ------------------------------------------------------------ about the model

    def status(self) -> list[VersionStatus]:
        """State of every version the server has seen, newest first.

        Raises:
            ServingError: No answer, or the server does not know the model.
        """
        return self.run(self.model.status())

    def signature(self, name: str = "recommend") -> Mapping[str, Any]:
        """Inputs of a signature as the server declares them: name -> TensorInfo.

        Raises:
            ServingError: No answer, or the model has no such signature.
        """
        return self.run(self.model.signature(name))

    # ------------------------------------------------------------ calls

    def run(self, flow: Flow[Answer]) -> Answer:
        """Drives a flow against the server, all its steps under one deadline.

        Raises:
            ServingError: No answer.
        """
        deadline = time.monotonic() + self.timeout_s

        def do(step: Step) -> Any:
            if not isinstance(step, Call):
                return step.function()
            try:
                return self._channel.call(step.method, step.request, end_of(step, deadline))
            except CallError as error:
                raise error.failure.explained(self.address, self.timeout_s) from error

        return run(flow, do)
