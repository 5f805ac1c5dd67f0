"""Query embeddings that need not be asked for again."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serving.query import FeatureValue

Embedding = NDArray[np.float32]


class EmbeddingKey(NamedTuple):
    """What an embedding depends on.

    Attributes:
        user_id: The user.
        state_version: Version of the user's state.
        model_version: Version of the model.
        context: Features of the request.
    """

    user_id: str
    state_version: int
    model_version: int
    context: Hashable

    @classmethod
    def of(
        cls,
        user_id: str,
        state_version: int,
        model_version: int,
        context: Mapping[str, FeatureValue] | None,
    ) -> EmbeddingKey:
        """The key of a request."""
        # With the type, for 1 and 1.0 are one key but two values of a feature.
        items = ((name, type(value), value) for name, value in (context or {}).items())
        return cls(user_id, state_version, model_version, frozenset(items))


class EmbeddingCache:
    """The embeddings used last. Safe to share between threads.

    A state and a model leave one thing open: the moment of the request, from which recency and
    windows are counted. So an embedding is used for a limited time.

    Args:
        capacity: Embeddings to keep at most; 0 keeps none.
        max_age_s: How long one is used, seconds.
        clock: Gives the moment in seconds.

    Attributes:
        hits: Lookups that found an embedding.
        misses: Lookups that found none, or one that was too old.
    """

    def __init__(
        self, capacity: int, max_age_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._capacity = capacity
        self._max_age_s = max_age_s
        self._clock = clock
        self._kept: OrderedDict[EmbeddingKey, tuple[float, Embedding]] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = self.misses = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: EmbeddingKey) -> Embedding | None:
        """The embedding, or None."""
        with self._lock:
            kept_at, embedding = self._kept.get(key, (-float("inf"), None))
            if self._clock() - kept_at > self._max_age_s:
                self._kept.pop(key, None)
                self.misses += 1
                return None
            self._kept.move_to_end(key)
            self.hits += 1
            return embedding

    def put(self, key: EmbeddingKey, embedding: Embedding) -> None:
        """Keeps an embedding, which from now on nobody may change."""
        embedding.flags.writeable = False
        with self._lock:
            self._kept[key] = (self._clock(), embedding)
            self._kept.move_to_end(key)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
