"""The thin client for asyncio; see `serving.client`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
import numpy as np
from numpy.typing import NDArray

from serving import contract
from serving.calls.aio_channel import AsyncChannel
from serving.calls.channel import CallError
from serving.calls.policy import RetryPolicy
from serving.flows import Call, Flow, Look, Step, end_of, run_async
from serving.query import Query, Recommendation, SimilarItem
from serving.served_model import ServedModel, VersionStatus
from serving.user_state.record import UserStateError

Answer = TypeVar("Answer")


class AsyncRecommenderClient:
    """`RecommenderClient` for the event loop it is made in; the same arguments, answers, errors."""

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
        self._channel = AsyncChannel(address, retries, credentials)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()

    async def recommend(self, requests: Sequence[Query], k: int) -> list[list[Recommendation]]:
        """See `RecommenderClient.recommend`."""
        question = contract.recommend(requests, k)
        return (await self.run(self.model.ask(question))).value if requests else []

    async def rank(
        self, requests: Sequence[Query], candidate_item_ids: Sequence[Sequence[str]]
    ) -> list[list[float]]:
        """See `RecommenderClient.rank`."""
        question = contract.rank(requests, candidate_item_ids)
        return (await self.run(self.model.ask(question))).value if requests else []

    async def similar_items(self, item_ids: Sequence[str], k: int) -> list[list[SimilarItem]]:
        """See `RecommenderClient.similar_items`."""
        question = contract.similar_items(item_ids, k)
        return (await self.run(self.model.ask(question))).value if item_ids else []

    async def query_embedding(self, requests: Sequence[Query]) -> NDArray[np.float32]:
        """See `RecommenderClient.query_embedding`."""
        return (await self.run(self.model.ask(contract.query_embedding(requests)))).value

    async def status(self) -> list[VersionStatus]:
        """See `RecommenderClient.status`."""
        return await self.run(self.model.status())

    async def signature(self, name: str = "recommend") -> Mapping[str, Any]:
        """See `RecommenderClient.signature`."""
        return await self.run(self.model.signature(name))

    async def run(self, flow: Flow[Answer]) -> Answer:
        """See `RecommenderClient.run`; what may block is done in a thread."""
        deadline = time.monotonic() + self.timeout_s

        async def do(step: Step) -> Any:
            if not isinstance(step, Call):
                return await self._look(step, deadline)
            try:
                ends = end_of(step, deadline)
                return await self._channel.call(step.method, step.request, ends)
            except CallError as error:
                raise error.failure.explained(self.address, self.timeout_s) from error

        return await run_async(flow, do)

    async def _look(self, step: Look, deadline: float) -> Any:
        """Runs what may block in a thread; one that is late goes on, but nobody waits for it."""
        try:
            left = deadline - time.monotonic()
            return await asyncio.wait_for(asyncio.to_thread(step.function), left)
        except TimeoutError as error:
            raise UserStateError(
                f"a store of user states must answer within timeout_s, and this one did not within "
                f"{self.timeout_s:g} s. Look at its server, or raise timeout_s"
            ) from error
