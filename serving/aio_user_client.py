"""Recommendations for a user, given only the id, for asyncio; see `serving.user_client`."""

from __future__ import annotations

from collections.abc import Sequence

from serving.aio_client import AsyncRecommenderClient
from serving.embedding_cache import Embedding
from serving.user_flows import Context, UserClientSettings, UserFlows, UserList
from serving.user_state.store import UserStateStore
from transform.state import Event


class AsyncUserClient:
    """`UserClient` for one event loop; the same arguments, answers and errors.

    The store may block: it is read in a thread.
    """

    def __init__(
        self,
        client: AsyncRecommenderClient,
        store: UserStateStore,
        settings: UserClientSettings = UserClientSettings(),  # noqa: B008  # frozen
    ) -> None:
        self._client = client
        self._flows = UserFlows(client.model, store, settings)
        self.embeddings = self._flows.embeddings

    async def recommend(
        self,
        user_id: str,
        k: int,
        *,
        context: Context = None,
        exclude: Sequence[str] = (),
        at: int | None = None,
    ) -> UserList:
        """See `UserClient.recommend`."""
        return await self._client.run(self._flows.recommend(user_id, k, context, exclude, at))

    async def query_embedding(self, user_id: str, *, context: Context = None) -> Embedding:
        """See `UserClient.query_embedding`."""
        return await self._client.run(self._flows.query_embedding(user_id, context))

    async def record(self, user_id: str, event: Event) -> int:
        """See `UserClient.record`."""
        return await self._client.run(self._flows.record(user_id, event))
