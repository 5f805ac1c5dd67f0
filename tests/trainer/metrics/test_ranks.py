import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from trainer.metrics import ranks


@pytest.mark.parametrize(
    ("items", "target", "rank"),
    [
        ([b"a", b"b", b"c"], b"a", 1),
        ([b"a", b"b", b"c"], b"c", 3),
        ([b"a", b"b"], b"x", ranks.MISS),
        ([b"a", b"b", b"b"], b"b", 2),  # the first of repeated ids
        ([b"a", b"", b""], b"", ranks.MISS),  # padding is no hit
        ([], b"a", ranks.MISS),
    ],
)
def test_target_rank(items, target, rank):
    assert ranks.target_rank(items, target) == rank


def test_values_from_first_principles():
    # Targets at ranks 1, 2 and 11 and one not in the list, looked at to rank 10.
    counts = ranks.rank_counts([1, 2, 11, ranks.MISS])
    assert ranks.recall(counts, 10) == 2 / 4
    assert ranks.mrr(counts, 10) == (1 + 1 / 2) / 4
    assert ranks.ndcg(counts, 10) == pytest.approx((1 + 1 / math.log2(3)) / 4, abs=1e-15)
    assert ranks.recall(counts, 11) == 3 / 4
    assert ranks.ndcg(counts, 1) == ranks.recall(counts, 1) == ranks.mrr(counts, 1) == 1 / 4


def test_no_query_is_not_a_number():
    for metric in (ranks.recall, ranks.ndcg, ranks.mrr):
        assert math.isnan(metric({}, 10))


def _reference(found, k, gain):
    """Query by query, as the textbook writes it."""
    return np.mean([gain(rank) if 1 <= rank <= k else 0.0 for rank in found])


@given(st.lists(st.integers(0, 120), min_size=1, max_size=60), st.integers(1, 110))
def test_equal_to_a_mean_over_queries(found, k):
    counts = ranks.rank_counts(found)
    assert ranks.recall(counts, k) == pytest.approx(_reference(found, k, lambda r: 1.0), abs=1e-12)
    assert ranks.mrr(counts, k) == pytest.approx(_reference(found, k, lambda r: 1 / r), abs=1e-12)
    ndcg = _reference(found, k, lambda r: 1 / np.log2(r + 1))
    assert ranks.ndcg(counts, k) == pytest.approx(ndcg, abs=1e-12)


@given(st.lists(st.integers(0, 120), min_size=1, max_size=60), st.randoms())
def test_order_of_queries_changes_no_bit(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    for metric in (ranks.recall, ranks.ndcg, ranks.mrr):
        assert metric(ranks.rank_counts(found), 10) == metric(ranks.rank_counts(shuffled), 10)
