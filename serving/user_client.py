"""Recommendations for a user, given only the id; `serving.aio_user_client` is for asyncio."""

from __future__ import annotations

from collections.abc import Sequence

from serving.client import RecommenderClient
from serving.embedding_cache import Embedding
from serving.user_flows import Context, UserClientSettings, UserFlows, UserList
from serving.user_state.store import UserStateStore
from transform.state import Event


class UserClient:
    """A client of a model and of the store of user states. Safe to share between threads.

    Args:
        client: The model's client; it stays the caller's to close, as does the store.
        store: Where histories and features come from.
        settings: Fallback and cache.

    Attributes:
        embeddings: The cache of query embeddings.
    """

    def __init__(
        self,
        client: RecommenderClient,
        store: UserStateStore,
        settings: UserClientSettings = UserClientSettings(),  # noqa: B008  # frozen
    ) -> None:
        self._client = client
        self._flows = UserFlows(client.model, store, settings)
        self.embeddings = self._flows.embeddings

    def recommend(
        self,
        user_id: str,
        k: int,
        *,
        context: Context = None,
        exclude: Sequence[str] = (),
        at: int | None = None,
    ) -> UserList:
        """The best items for a user.

        Where the server is gone, too slow or too busy, or the store does not answer, the list holds
        popular items, and says so.

        Args:
            user_id: The user; an unknown one is a cold start.
            k: Items. Fewer come back where there are no more.
            context: Features of the request.
            exclude: Items that must not be recommended.
            at: Moment of the request, unix seconds; None for now.

        Raises:
            ServingError: The request is wrong, or no answer came and no popular items are known.
            UserStateError: The store does not answer, and no popular items are known.
            ValueError: A time is not in seconds.
        """
        return self._client.run(self._flows.recommend(user_id, k, context, exclude, at))

    def query_embedding(self, user_id: str, *, context: Context = None) -> Embedding:
        """The query tower's vector of a user now, float32 [D]; not to be written to.

        It comes from the cache as long as the user's state and the model are the same, and it is
        not too old. The model's version is that of the last answer, of whatever kind.

        Args:
            user_id: The user.
            context: Features of the request.

        Raises:
            ServingError: No answer; the message says why and what to do.
            UserStateError: The store does not answer.
        """
        return self._client.run(self._flows.query_embedding(user_id, context))

    def record(self, user_id: str, event: Event) -> int:
        """Applies a live event to the user's state: the next request knows of it.

        Args:
            user_id: The user.
            event: What happened.

        Returns:
            The version of the state that holds the event.

        Raises:
            UserStateError: The store does not answer. Whether it holds the event is then unknown.
        """
        return self._client.run(self._flows.record(user_id, event))
