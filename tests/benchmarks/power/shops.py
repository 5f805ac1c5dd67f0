"""Made-up marks: requests of one country and of others, two models that are alike, not equal."""

import numpy as np

from benchmarks.power.marks import Marks
from benchmarks.power.traffic import Traffic
from benchmarks.power.trials import Side
from trainer.metrics.paired_bootstrap import GROUPS

PART = (("country", "IN"),)


def traffic_of(requests, generator, candidates=4):
    users = np.arange(requests) // 4
    inside = users % 10 == 0
    labels = np.zeros((requests, candidates))
    labels[:, 0] = 1.0
    return Traffic(
        groups=generator.integers(GROUPS, size=users.max() + 1)[users],
        users=users,
        scored=np.ones(requests, bool),
        labels=labels,
        sampled=np.full((requests, candidates), 0.5),
        slices={(): np.ones(requests, bool), PART: inside, (("country", "AT"),): ~inside},
    )


def draw(requests, generator):
    ranks = np.exp(2.5 + 1.8 * generator.normal(size=requests)).astype(int) + 1
    return Marks(
        ranks=np.where(ranks > 100, 0, ranks),
        losses=generator.gamma(4.0, 0.5, requests),
        promised=np.full(requests, 2.0),
        aucs=generator.beta(4.0, 2.0, requests),
    )


def sides_of(traffic, generator, changed):
    """Two models that answer a share of the requests differently."""
    one, anew = draw(len(traffic.users), generator), draw(len(traffic.users), generator)
    differs = generator.random(len(traffic.users)) < changed
    other = Marks(*(np.where(differs, a, b) for a, b in zip(anew, one, strict=True)))
    return tuple(Side(of, draw(int(traffic.slices[PART].sum()), generator)) for of in (one, other))
