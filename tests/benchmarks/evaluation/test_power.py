"""What the benchmark of the Verdict's power draws and counts."""

import numpy as np
import pytest

from benchmarks.evaluation import power
from trainer.metrics import ranks


def _ndcg(of):
    return ranks.ndcg(ranks.rank_counts(of), power.K)


def test_ranks_are_like_those_of_a_real_model():
    drawn = power.draw_ranks(100_000, np.random.default_rng(1))
    assert ranks.recall(ranks.rank_counts(drawn), power.K) == pytest.approx(0.2, abs=0.01)
    assert _ndcg(drawn) == pytest.approx(0.11, abs=0.01)
    assert drawn.max() == power.K


@pytest.mark.parametrize("regression", [power.sink, power.vanish])
def test_a_planted_regression_costs_a_twentieth(regression):
    generator = np.random.default_rng(2)
    before = power.draw_ranks(1_000_000, generator)
    after = regression(before, generator)
    assert _ndcg(after) / _ndcg(before) == pytest.approx(0.95, abs=0.003)


@pytest.mark.slow
def test_a_planted_regression_is_caught_and_an_equal_model_is_not():
    assert power.withheld_for(power.evaluate(1, 0.01, power.sink)) == [
        "segment=0: slice_ndcg_at_10_gain"
    ]
    assert power.withheld_for(power.evaluate(1, 0.01, None)) == []
