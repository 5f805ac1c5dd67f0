"""Requests for a user, of whom only the id is given: the store fills in the rest."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Literal

from serving import contract
from serving.calls.errors import ServingError
from serving.embedding_cache import Embedding, EmbeddingCache, EmbeddingKey
from serving.experiments.arm_flows import ArmFlows
from serving.experiments.plan_file import PlanFile
from serving.flows import Flow, Look
from serving.query import FeatureValue, Recommendation
from serving.served_model import ServedModel
from serving.user_state.queries import user_query
from serving.user_state.record import UNKNOWN, Publication, UserRecord, UserStateError
from serving.user_state.store import UserStateStore, record_event
from transform.state import Event

Context = Mapping[str, FeatureValue] | None

# The server is gone, too slow or too busy. Any other error tells of a mistake, which a list of
# popular items would only hide.
_GONE = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"})


@dataclasses.dataclass(frozen=True)
class UserList:
    """What to show a user.

    Attributes:
        items: The items, best first. Those of a fallback have no scores: theirs are NaN.
        source: `model`, or `fallback` where the model or the store gave no answer in time.
        model_version: Version of the model that answered; None for a fallback.
        state_version: Version of the user's state that was used, 0 for an unknown user; None where
            the store did not answer.
        reason: Why it is a fallback, or why not the version of the user's arm but the default
            answered; "" otherwise.
        arm: The arms that the user is in, as `experiment=arm`, apart by `;`; "" for none.
        parameters: What these arms tell the application to do.
        teams: Item -> `experiment=arm` whose list it was drafted from; empty for other lists.
    """

    items: tuple[Recommendation, ...]
    source: Literal["model", "fallback"]
    model_version: int | None
    state_version: int | None
    reason: str = ""
    arm: str = ""
    parameters: Mapping[str, FeatureValue] = dataclasses.field(default_factory=dict)
    teams: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class UserClientSettings:
    """How a client serves users.

    Attributes:
        popular_item_id: What to fall back on, best first, until the store has given its own list
            of popular items.
        repeat_seen: Whether a fallback may hold items of the user's history. (What the model does
            stands in the model.)
        embeddings: Query embeddings to keep at most.
        embedding_max_age_s: How long one is used, seconds.
        experiments: The file that `sluice experiment publish` wrote; None for no experiments.
    """

    popular_item_id: tuple[str, ...] = ()
    repeat_seen: bool = False
    embeddings: int = 10_000
    embedding_max_age_s: float = 60.0
    experiments: PlanFile | None = None


class UserFlows:
    """The flows of one model and one store.

    Args:
        model: The model.
        store: The store.
        settings: See there.
    """

    def __init__(
        self, model: ServedModel, store: UserStateStore, settings: UserClientSettings
    ) -> None:
        self._model = model
        self._store = store
        self._popular = settings.popular_item_id
        self._repeat_seen = settings.repeat_seen
        self._arms = ArmFlows(model, settings.experiments)
        self.embeddings = EmbeddingCache(settings.embeddings, settings.embedding_max_age_s)

    def recommend(
        self, user_id: str, k: int, context: Context, exclude: Sequence[str], at: int | None
    ) -> Flow[UserList]:
        """The best items for a user; the popular ones where there is no answer."""
        contract.check_k(k)
        assigned = self._arms.assign(user_id)
        arm, parameters = assigned.text, assigned.parameters
        record: UserRecord | None = None
        try:
            record, publication = yield from self._read(user_id)
            query = user_query(user_id, record, publication, _moment(at), context, exclude)
            found = yield from self._arms.recommend(query, k, assigned)
        except (ServingError, UserStateError) as error:
            if isinstance(error, ServingError) and error.code not in _GONE:
                raise
            if not self._popular:
                raise  # an empty list would pass for an answer
            version = None if record is None else record.version
            items = self._fallback(record or UNKNOWN, assigned.k or k, exclude)
            return UserList(items, "fallback", None, version, str(error), arm, parameters)
        return UserList(
            found.items,
            "model",
            found.version,
            record.version,
            found.reason,
            arm,
            parameters,
            found.teams,
        )

    def query_embedding(self, user_id: str, context: Context) -> Flow[Embedding]:
        """The query tower's vector of a user now, float32 [D]."""
        record, publication = yield from self._read(user_id)
        if self._model.version is not None:
            key = EmbeddingKey.of(user_id, record.version, self._model.version, context)
            if (known := self.embeddings.get(key)) is not None:
                return known
        query = user_query(user_id, record, publication, _moment(None), context)
        answer = yield from self._model.ask(contract.query_embedding([query]))
        key = EmbeddingKey.of(user_id, record.version, answer.version, context)
        embedding: Embedding = answer.value[0].copy()
        self.embeddings.put(key, embedding)
        return embedding

    def record(self, user_id: str, event: Event) -> Flow[int]:
        """Applies a live event to the user's state; gives the version that holds it."""
        version: int = yield Look(lambda: record_event(self._store, user_id, event))
        return version

    def _read(self, user_id: str) -> Flow[tuple[UserRecord, Publication]]:
        publication: Publication
        [record], publication = yield Look(lambda: self._store.read([user_id]))
        self._popular = publication.popular_item_id or self._popular
        return record, publication

    def _fallback(
        self, record: UserRecord, k: int, exclude: Sequence[str]
    ) -> tuple[Recommendation, ...]:
        hidden = set(exclude)
        if not self._repeat_seen:
            hidden |= {event.item_id for event in record.state.events}
        shown = [item_id for item_id in self._popular if item_id not in hidden][:k]
        nan = float("nan")
        return tuple(Recommendation(item_id, nan, nan) for item_id in shown)


def _moment(at: int | None) -> int:
    return int(time.time()) if at is None else at
