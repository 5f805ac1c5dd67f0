"""The partitioned index against brute force in NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trainer.recommender.clusters import D, Floats, clustered, exact_index, unit
from trainer.recommender.index import Index
from trainer.recommender.limits import RuledOut
from trainer.recommender.partitioned_index import PartitionedIndex, Probing
from trainer.recommender.partitions import partition
from trainer.recommender.stock_ops import require_stock_ops

ITEMS, BLOCK = 3000, 32
VECTORS = clustered(ITEMS)
UNLISTED = (5, 6, 7)
# One item in three is sold only until 100, another one only from 100 on.
AVAILABLE = {
    **dict.fromkeys(range(8, ITEMS, 3), (0, 100)),
    **dict.fromkeys(range(9, ITEMS, 3), (100, 2**62)),
}
EXACT = exact_index(VECTORS, UNLISTED, AVAILABLE)
LISTED = np.setdiff1d(np.arange(2, len(VECTORS)), UNLISTED)
PARTITIONS = partition(VECTORS, LISTED, block=BLOCK)
ALL = len(PARTITIONS.ids)
QUERIES = unit(VECTORS[50:2050:50] + 0.1 * np.random.default_rng(3).normal(size=(40, D)))


def index_of(probed: int, longest: int = 50) -> PartitionedIndex:
    return PartitionedIndex(EXACT, PARTITIONS, Probing(probed, longest))


def asked(index: Index) -> Any:
    """The search as a graph."""

    @tf.function(reduce_retracing=True)
    def search(queries: Any, ids: Any, time: Any, count: Any) -> Any:
        return index.search(queries).best(RuledOut(ids, time), count)

    def ask(queries: Floats, ids: list[list[int]], time: list[int], count: int) -> list[list[int]]:
        excluded = tf.ragged.constant(ids, tf.int64, ragged_rank=1).to_tensor()
        found, valid = search(
            tf.constant(queries), excluded, tf.constant(time, tf.int64), tf.constant(count)
        )
        return [
            row[there].tolist() for row, there in zip(found.numpy(), valid.numpy(), strict=True)
        ]

    return ask


def may_show(ids: list[int], time: int) -> np.ndarray:
    allowed = np.zeros(len(VECTORS), bool)
    allowed[LISTED] = True
    allowed[ids] = False
    for item, (since, until) in AVAILABLE.items():
        allowed[item] &= since <= time < until
    return allowed


def brute_force(query: Floats, ids: list[int], time: int, count: int) -> list[int]:
    scores = np.where(may_show(ids, time), VECTORS @ query, -np.inf)
    order = np.argsort(-scores, kind="stable")
    return order[: min(count, int(np.isfinite(scores).sum()))].tolist()


def near(query: Floats, count: int) -> list[int]:
    return np.argsort(-(VECTORS @ query))[:count].tolist()


REQUESTS = st.tuples(
    st.integers(0, len(QUERIES) - 1),
    st.integers(0, ITEMS),  # how many of the nearest items are ruled out
    st.lists(st.integers(0, ITEMS + 1), max_size=20),  # and any others
    st.sampled_from([0, 99, 100, 10**9]),
)
PROBED = {probed: asked(index_of(probed)) for probed in (1, 8, ALL)}


@given(
    st.sampled_from([*PROBED]),
    st.lists(REQUESTS, min_size=1, max_size=3),
    st.integers(1, ITEMS + 2),
)
@settings(max_examples=60)
def test_no_list_is_short_while_any_item_remains(
    probed: int, requests: list[tuple[int, int, list[int], int]], count: int
) -> None:
    queries = QUERIES[[request[0] for request in requests]]
    ids = [near(QUERIES[query], nearest) + more for query, nearest, more, _ in requests]
    times = [request[3] for request in requests]
    lists = PROBED[probed](queries, ids, times, count)
    for query, excluded, time, items in zip(queries, ids, times, lists, strict=True):
        allowed = may_show(excluded, time)
        assert len(set(items)) == len(items) == min(count, int(allowed.sum()))
        assert allowed[items].all()
        scores = VECTORS[items] @ query
        assert (np.diff(scores) <= 1e-6).all()


@pytest.mark.parametrize("count", [1, 20, 50])
def test_an_index_that_reads_all_blocks_finds_what_brute_force_finds(count: int) -> None:
    ids = [near(query, 10) for query in QUERIES]
    lists = PROBED[ALL](QUERIES, ids, [50] * len(QUERIES), count)
    for query, excluded, items in zip(QUERIES, ids, lists, strict=True):
        expected = brute_force(query, excluded, 50, count)
        np.testing.assert_allclose(VECTORS[items] @ query, VECTORS[expected] @ query, atol=1e-6)


def recall(probed: int, ids: list[list[int]], count: int) -> float:
    lists = PROBED[probed](QUERIES, ids, [50] * len(QUERIES), count)
    shares = [
        len(set(items) & set(brute_force(query, excluded, 50, count))) / count
        for query, excluded, items in zip(QUERIES, ids, lists, strict=True)
    ]
    return float(np.mean(shares))


def test_a_few_blocks_find_most_and_one_does_not() -> None:
    nothing: list[list[int]] = [[] for _ in QUERIES]
    assert recall(8, nothing, 20) > 0.9
    assert recall(8, [near(query, 30) for query in QUERIES], 20) > 0.9


def test_a_request_that_rules_out_too_much_is_searched_exactly() -> None:
    """What is left near the query would fill the list, but with the wrong items."""
    ids = [near(query, 600) for query in QUERIES]
    blocks = np.argsort(-(QUERIES @ PARTITIONS.centroids.T), axis=1)[:, :8]
    left = [
        np.setdiff1d(PARTITIONS.ids[of].ravel(), [0, *excluded])
        for of, excluded in zip(blocks, ids, strict=True)
    ]
    assert min(map(len, left)) < 20
    assert recall(8, ids, 20) == 1.0


def test_a_list_longer_than_the_measured_ones_is_searched_exactly() -> None:
    nothing: list[list[int]] = [[] for _ in QUERIES]
    assert recall(1, nothing, 51) == 1.0
    assert recall(8, nothing, 50) < 1.0  # the control: here the blocks answer


def test_requests_of_a_batch_get_what_each_gets_alone() -> None:
    ids = [near(query, n) for n, query in enumerate(QUERIES[:6])]
    times = [0, 100, 0, 100, 0, 100]
    together = PROBED[8](QUERIES[:6], ids, times, 10)
    for row in range(6):
        alone = PROBED[8](QUERIES[row : row + 1], [ids[row]], [times[row]], 10)
        assert alone[0] == together[row]


def test_without_a_time_every_listed_item_counts_as_available() -> None:
    search = index_of(ALL).search(tf.constant(QUERIES[:2]))
    nothing = RuledOut(tf.zeros([2, 0], tf.int64), None)
    ids, _ = search.best(nothing, tf.constant(5))
    for query, items in zip(QUERIES, ids.numpy(), strict=False):
        listed = LISTED[np.argsort(-(VECTORS[LISTED] @ query))[:5]]
        assert items.tolist() == listed.tolist()


@pytest.mark.parametrize("scale", [5.0, 20.0])
def test_the_normaliser_is_near_the_exact_one(scale: float) -> None:
    queries = tf.constant(QUERIES)
    exact = EXACT.search(queries).log_normaliser(tf.constant(scale)).numpy()
    assert exact.std() > 0.05
    estimate = index_of(1).search(queries).log_normaliser(tf.constant(scale)).numpy()
    np.testing.assert_allclose(estimate, exact, atol=0.1)


def test_it_is_made_of_stock_operations(tmp_path: Path) -> None:
    index = index_of(8)

    @tf.function
    def serve(queries: tf.Tensor, ids: tf.Tensor, time: tf.Tensor, k: tf.Tensor) -> Any:
        found, _ = index.search(queries).best(RuledOut(ids, time), k)
        return {"ids": found}

    specs = [([None, D], tf.float32), ([None, None], tf.int64), ([None], tf.int64), ([], tf.int32)]
    concrete = serve.get_concrete_function(*(tf.TensorSpec(*spec) for spec in specs))
    tf.saved_model.save(index, str(tmp_path), signatures=concrete)
    require_stock_ops(tmp_path)
    loaded = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    nothing = np.zeros((2, 1), np.int64)
    ids = loaded(queries=QUERIES[:2], ids=nothing, time=np.zeros(2, np.int64), k=np.int32(9))["ids"]
    assert ids.numpy().tolist() == PROBED[8](QUERIES[:2], [[], []], [0, 0], 9)
