"""Embeddings that are kept, and those that are not."""

import threading

import numpy as np
import pytest

from serving.embedding_cache import EmbeddingCache, EmbeddingKey


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def key(user_id="ann", state=1, model=7, **context):
    return EmbeddingKey.of(user_id, state, model, context)


def vector(value):
    return np.array([value], np.float32)


def test_what_is_kept_is_found_under_all_of_its_key():
    cache = EmbeddingCache(10, 60.0)
    cache.put(key(age=30, city="Rome"), vector(1))
    assert cache.get(key(city="Rome", age=30)).tolist() == [1.0]
    for other in (
        key("bob", age=30, city="Rome"),
        key(state=2, age=30, city="Rome"),
        key(model=8, age=30, city="Rome"),
        key(age=30.0, city="Rome"),
        key(age=30),
        key(),
    ):
        assert cache.get(other) is None
    assert (cache.hits, cache.misses) == (1, 6)


def test_no_context_is_an_empty_one():
    assert EmbeddingKey.of("ann", 1, 7, None) == key()


def test_those_used_last_are_kept():
    cache = EmbeddingCache(2, 60.0)
    for user in "abc":
        cache.put(key(user), vector(1))
        cache.get(key("a"))
    assert [cache.get(key(user)) is not None for user in "abc"] == [True, False, True]
    assert len(cache) == 2


def test_without_capacity_nothing_is_kept():
    cache = EmbeddingCache(0, 60.0)
    cache.put(key(), vector(1))
    assert cache.get(key()) is None


def test_an_embedding_grows_old():
    clock = Clock()
    cache = EmbeddingCache(10, 60.0, clock)
    cache.put(key(), vector(1))
    clock.now += 60.0
    assert cache.get(key()) is not None
    clock.now += 1.0
    assert cache.get(key()) is None
    assert len(cache) == 0


def test_nobody_changes_what_is_kept():
    cache = EmbeddingCache(10, 60.0)
    cache.put(key(), vector(1))
    with pytest.raises(ValueError, match="read-only"):
        cache.get(key())[0] = 2


def test_threads_may_share_it():
    cache = EmbeddingCache(50, 60.0)

    def work(seed):
        for user in np.random.default_rng(seed).integers(0, 100, 3000).tolist():
            found = cache.get(key(str(user)))
            assert found is None or found.tolist() == [user]
            cache.put(key(str(user)), vector(user))

    failures = []
    threading.excepthook, hook = lambda told: failures.append(told), threading.excepthook
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    threading.excepthook = hook
    assert not failures
    assert len(cache) == 50
    assert cache.hits + cache.misses == 12_000
