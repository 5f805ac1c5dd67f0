"""The TFMA metrics of lists: recall, NDCG, MRR, distinct items, distinct lists."""

import math

import numpy as np
import pytest

from tests.trainer.metrics.computing import compute
from trainer.metrics.distinct_items import DistinctItemsAtK
from trainer.metrics.distinct_lists import DistinctListRatioAtK
from trainer.metrics.mrr import MRRAtK
from trainer.metrics.ndcg import NDCGAtK
from trainer.metrics.recall import RecallAtK


def row(items, target):
    return {
        "labels": np.array([target], object),
        "predictions": {
            "item_id": np.array(items, object),
            "score": np.linspace(1, 0, len(items), dtype=np.float32),
        },
    }


ROWS = [
    row([b"a", b"b", b"c"], b"a"),
    row([b"b", b"a", b"c"], b"c"),
    row([b"a", b"b", b"c"], b"x"),
    row([b"d", b"", b""], b"d"),
]


def test_ranking_metrics():
    assert compute(RecallAtK(2), ROWS, "item_id") == {"recall_at_2": 2 / 4}
    assert compute(RecallAtK(3), ROWS, "item_id") == {"recall_at_3": 3 / 4}
    assert compute(MRRAtK(3), ROWS, "item_id") == {"mrr_at_3": pytest.approx((1 + 1 / 3 + 1) / 4)}
    expected = (1 + 1 / math.log2(4) + 1) / 4
    assert compute(NDCGAtK(3), ROWS, "item_id") == {"ndcg_at_3": pytest.approx(expected)}


def test_values_are_python_floats():
    # TFMA's writers refuse arrays, also those of one value.
    for metric in (RecallAtK(2), NDCGAtK(2), DistinctItemsAtK(2), DistinctListRatioAtK(2)):
        (value,) = compute(metric, ROWS, "item_id").values()
        assert type(value) is float


def test_how_rows_are_split_up_changes_no_bit():
    for metric in (RecallAtK, NDCGAtK, MRRAtK, DistinctItemsAtK, DistinctListRatioAtK):
        values = [compute(metric(2), ROWS, "item_id", bundles=n) for n in (1, 2, 4, 7)]
        assert all(value == values[0] for value in values)


def test_distinct_items_counts_without_padding():
    assert compute(DistinctItemsAtK(3), ROWS, "item_id") == {"distinct_items_at_3": 4.0}
    assert compute(DistinctItemsAtK(1), ROWS, "item_id") == {"distinct_items_at_1": 3.0}


def test_distinct_lists_looks_at_order_and_at_k():
    assert compute(DistinctListRatioAtK(3), ROWS, "item_id") == {"distinct_list_ratio_at_3": 3 / 4}
    same = [row([b"a", b"b"], b"x")] * 50
    assert compute(DistinctListRatioAtK(2), same, "item_id") == {"distinct_list_ratio_at_2": 1 / 50}


def test_ids_that_run_together_are_not_mistaken():
    rows = [row([b"a", b"bc"], b"x"), row([b"ab", b"c"], b"x")]
    assert compute(DistinctListRatioAtK(2), rows, "item_id") == {"distinct_list_ratio_at_2": 1.0}


def test_a_list_shorter_than_k_is_looked_at_whole():
    assert compute(RecallAtK(100), ROWS, "item_id") == {"recall_at_100": 3 / 4}


def test_k_must_be_positive():
    with pytest.raises(ValueError, match=r"`k` must be at least 1\. Received: k=0"):
        compute(RecallAtK(0), ROWS, "item_id")


def test_two_targets_are_refused():
    bad = row([b"a"], b"a") | {"labels": np.array([b"a", b"b"], object)}
    with pytest.raises(ValueError, match="exactly one target item"):
        compute(RecallAtK(1), [bad], "item_id")
