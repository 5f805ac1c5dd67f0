"""Each planted regression costs a twentieth of the NDCG@10."""

import numpy as np
import pytest

from benchmarks.power.planting import REGRESSIONS, forget, ndcg
from tests.benchmarks.power.shops import draw

REQUESTS = 400_000


@pytest.mark.parametrize("name", REGRESSIONS)
def test_a_twentieth_is_lost(name):
    generator = np.random.default_rng(1)
    whole = draw(REQUESTS, generator)
    lost = draw(REQUESTS, generator)
    lost = lost._replace(ranks=np.where(generator.random(REQUESTS) < 0.6, 0, lost.ranks))
    worse = REGRESSIONS[name](whole, lost, generator)
    assert ndcg(worse.ranks).mean() / ndcg(whole.ranks).mean() == pytest.approx(0.95, abs=0.004)


def test_what_costs_too_little_cannot_be_planted():
    generator = np.random.default_rng(1)
    whole = draw(1000, generator)
    with pytest.raises(ValueError, match="must cost at least 5%"):
        forget(whole, whole, generator)
