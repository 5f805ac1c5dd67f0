"""All ranking metrics against those of trec_eval, by way of ir-measures."""

import ir_measures
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ir_measures import AP, RR, R, Success, nDCG

from tests.trainer.metrics.computing import compute
from trainer.metrics.hit_rate import HitRateAtK
from trainer.metrics.mean_average_precision import MAPAtK
from trainer.metrics.mrr import MRRAtK
from trainer.metrics.ndcg import NDCGAtK
from trainer.metrics.recall import RecallAtK

PEERS = {NDCGAtK: nDCG, RecallAtK: R, MRRAtK: RR, MAPAtK: AP, HitRateAtK: Success}
ITEMS = [b"", *(b"i%d" % number for number in range(8))]
LISTS = st.lists(st.sampled_from(ITEMS), max_size=12)
TARGETS = st.sampled_from([*ITEMS[1:], b"absent"])
QUERIES = st.lists(st.tuples(LISTS, TARGETS), min_size=1, max_size=8)


def ours(metric, k, queries):
    rows = [
        {
            "labels": np.array([target], object),
            # Equal scores: the order of the list is what counts.
            "predictions": {"item_id": np.array(items, object), "score": np.full(len(items), 0.5)},
        }
        for items, target in queries
    ]
    (value,) = compute(metric(k), rows, "item_id").values()
    return value


def theirs(metric, k, queries):
    """The mean over queries; a query of which trec_eval says nothing has 0."""
    relevant, run = {}, {}
    for number, (items, target) in enumerate(queries):
        relevant[str(number)] = {target.decode(): 1}
        # trec_eval orders by score and knows a document once. An item that is shown again takes up
        # its place like any other miss, and so does padding.
        names = [
            f"{place}?" if item in (b"", *items[:place]) else item.decode()
            for place, item in enumerate(items)
        ]
        run[str(number)] = {name: float(-place) for place, name in enumerate(names)}
    found = ir_measures.iter_calc([PEERS[metric] @ k], relevant, run)
    return sum(result.value for result in found) / len(queries)


@pytest.mark.parametrize("metric", PEERS, ids=lambda metric: metric.__name__)
@given(queries=QUERIES, k=st.integers(1, 15))
@example(queries=[([], b"i1")], k=3)
@example(queries=[([b"i1", b"i1", b"i2"], b"i2")], k=2)
@example(queries=[([b"i1", b"i1", b"i2"], b"i2")], k=3)
@example(queries=[([b"", b"i1"], b"i1"), ([b"i2"], b"absent")], k=15)
@settings(max_examples=60, deadline=None)
def test_equal_to_trec_eval(metric, queries, k):
    assert ours(metric, k, queries) == pytest.approx(theirs(metric, k, queries), abs=1e-6)


def test_the_comparison_notices_a_wrong_metric():
    queries = [([b"i1", b"i2", b"i3"], b"i3")]
    assert ours(MRRAtK, 3, queries) != pytest.approx(theirs(NDCGAtK, 3, queries), abs=1e-6)
    assert ours(MRRAtK, 3, queries) != pytest.approx(theirs(MRRAtK, 2, queries), abs=1e-6)
