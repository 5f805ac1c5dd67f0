"""Gains of lists over those of the blessed model, query by query."""

import math

import numpy as np
import pytest

from tests.trainer.metrics.computing import compute
from trainer.metrics.ndcg import NDCGAtK
from trainer.metrics.paired_rank_gains import PairedRankGains
from trainer.metrics.paired_ranks import rank_gains

TARGET = b"t"
METRICS = {
    f"{metric}_at_10_gain{part}"
    for metric in ("ndcg", "recall", "mrr")
    for part in ("", "_lower", "_upper", "_error")
}


def _list(rank):
    items = [b"x%d" % i for i in range(12)]
    if rank:
        items[rank - 1] = TARGET
    return {"item_id": np.array(items, object)}


def row(candidate, blessed, user=b"u"):
    label = np.array([TARGET], object)
    return {
        "labels": {"candidate": label, "baseline": label},
        "predictions": {"candidate": _list(candidate), "baseline": _list(blessed)},
        "features": {"user_id": np.array([user], object)},
    }


def rows(pairs):
    return [row(*pair, user=b"u%d" % i) for i, pair in enumerate(pairs)]


def gains(pairs, **how):
    return compute(PairedRankGains(10), rows(pairs), "item_id", two=True, **how)


def test_values_from_first_principles():
    # A target that rises from 3 to 1, one that is lost, one beyond the tenth place in both.
    found = gains([(1, 3), (0, 2), (11, 12), (5, 5)])
    assert set(found) == METRICS
    assert found["recall_at_10_gain"] == pytest.approx(-1 / 4)
    assert found["mrr_at_10_gain"] == pytest.approx((1 - 1 / 3 - 1 / 2) / 4)
    assert found["ndcg_at_10_gain"] == pytest.approx((1 - 0.5 - 1 / math.log2(3)) / 4)
    assert all(type(value) is float for value in found.values())


def test_the_gain_is_the_difference_of_the_metrics():
    pairs = np.random.default_rng(1).integers(0, 13, (300, 2)).tolist()
    both = {}
    for place, model in enumerate(("candidate", "baseline")):
        ranks = [(pair[place], 0) for pair in pairs]
        extracts = [
            {
                "labels": np.array([TARGET], object),
                "predictions": _list(rank),
            }
            for rank, _ in ranks
        ]
        both[model] = compute(NDCGAtK(10), extracts, "item_id")["ndcg_at_10"]
    found = gains(pairs)
    assert found["ndcg_at_10_gain"] == pytest.approx(both["candidate"] - both["baseline"])


def test_how_rows_are_split_up_changes_no_bit():
    pairs = np.random.default_rng(2).integers(0, 13, (200, 2)).tolist()
    values = [gains(pairs, bundles=n) for n in (1, 2, 7)]
    assert values[0] == values[1] == values[2]


def test_a_clear_step_back_lies_wholly_below_zero_and_noise_does_not():
    worse = gains([(0, 1)] * 30 + [(1, 1)] * 70)
    assert worse["recall_at_10_gain_upper"] < -0.15
    noise = gains([(0, 1)] * 15 + [(1, 0)] * 15 + [(1, 1)] * 70)
    assert noise["recall_at_10_gain_lower"] < 0 < noise["recall_at_10_gain_upper"]


def test_what_the_models_share_cancels_out():
    # Hits are many and vary, but both models hit alike: the paired error is that of the few
    # queries that differ.
    found = gains([(1, 1)] * 200 + [(0, 0)] * 196 + [(1, 0)] * 2 + [(0, 1)] * 2)
    assert found["recall_at_10_gain_error"] < 0.007
    alone = math.sqrt(2 * 0.25 / 400)  # of two independent halves of hits
    assert alone > 0.035


def test_users_are_resampled_and_not_queries():
    pairs = [(0, 1), (1, 0)] * 10
    ten_each = [row(*pair, user=b"u%d" % i) for i, pair in enumerate(pairs) for _ in range(10)]
    apart = [row(*pair, user=b"u%d" % i) for i, pair in enumerate(pairs * 10)]
    errors = [
        compute(PairedRankGains(10), of, "item_id", two=True)["recall_at_10_gain_error"]
        for of in (ten_each, apart)
    ]
    assert errors[0] / errors[1] == pytest.approx(math.sqrt(10), rel=0.25)


def test_without_a_blessed_model_there_is_no_gain():
    single = {
        "labels": np.array([TARGET], object),
        "predictions": _list(1),
        "features": {"user_id": np.array([b"u"], object)},
    }
    assert compute(PairedRankGains(10), [single], "item_id") == {}


def test_no_query_gives_nan():
    assert all(math.isnan(part) for gain in rank_gains({}, 10).values() for part in gain)


def test_k_must_be_positive():
    with pytest.raises(ValueError, match=r"`k` must be at least 1\. Received: k=0"):
        PairedRankGains(0)
