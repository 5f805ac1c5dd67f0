"""Marks add up to what the Verdict's own metrics add up."""

import numpy as np
import pytest

from benchmarks.power.answers import Answers
from benchmarks.power.marks import chosen, marks, paired_sums
from benchmarks.power.traffic import Traffic
from trainer.metrics.paired_scores import request_sums


@pytest.fixture
def traffic():
    labels = np.array([[1, 0, 0], [0, 1, np.nan], [0, 0, np.nan]], float)
    return Traffic(
        groups=np.arange(3),
        users=np.arange(3),
        scored=np.ones(3, bool),
        labels=labels,
        sampled=np.where(np.isnan(labels), np.nan, [[1.0, 0.5, 0.25]] * 3),
        slices={},
    )


def answers(seed):
    generator = np.random.default_rng(seed)
    return Answers(generator.integers(0, 101, 3), generator.uniform(0, 1, (3, 3)))


def test_paired_sums_are_those_of_the_metric(traffic):
    one, other = answers(1), answers(2)
    found = paired_sums(traffic, marks(traffic, one), marks(traffic, other))
    for row, of in enumerate(found):
        known = ~np.isnan(traffic.labels[row])
        cells = (traffic.labels, one.scores, other.scores, traffic.sampled)
        assert of == pytest.approx(request_sums(*(part[row][known] for part in cells)))


def test_each_request_is_answered_by_the_chosen_model(traffic):
    one, other = marks(traffic, answers(1)), marks(traffic, answers(2))
    mixed = chosen(np.array([True, False, True]), one, other)
    assert mixed.ranks.tolist() == [one.ranks[0], other.ranks[1], one.ranks[2]]
    assert mixed.losses.tolist() == [one.losses[0], other.losses[1], one.losses[2]]
