"""Tests of the learned partitions."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.recommender.clusters import clustered, unit
from trainer.recommender.partitions import Partitions, partition

VECTORS = clustered(1500)
LISTED = np.setdiff1d(np.arange(2, 1502), [7, 900])


@pytest.fixture(scope="module")
def made() -> Partitions:
    return partition(VECTORS, LISTED, block=32, seed=4)


def test_each_listed_item_stands_in_one_place(made: Partitions) -> None:
    assert made.ids.shape[1] == 32
    assert np.sort(made.ids[made.ids > 0]).tolist() == LISTED.tolist()
    assert (made.ids > 0).any(axis=1).all()  # no empty block
    assert (np.diff((made.ids > 0).astype(int), axis=1) <= 0).all()  # empty places come last


def test_the_same_seed_gives_the_same_partitions(made: Partitions) -> None:
    again, other = (partition(VECTORS, LISTED, block=32, seed=seed) for seed in (4, 5))
    assert np.array_equal(again.ids, made.ids)
    assert not np.array_equal(other.ids[:40], made.ids[:40])


def test_codes_are_the_vectors_up_to_half_a_step(made: Partitions) -> None:
    decoded = made.codes * made.scales[..., np.newaxis]
    error = np.abs(decoded - VECTORS[made.ids])
    assert (error <= 0.5001 * made.scales[..., np.newaxis]).all()
    assert np.abs(made.codes).max() == 127


def test_centroids_are_the_directions_of_the_means(made: Partitions) -> None:
    members = VECTORS[made.ids[5][made.ids[5] > 0]]
    mean = members.mean(axis=0)
    np.testing.assert_allclose(made.lengths[5], np.linalg.norm(mean), rtol=1e-5)
    np.testing.assert_allclose(made.centroids[5], mean / np.linalg.norm(mean), rtol=1e-4)


def test_blocks_hold_near_items(made: Partitions) -> None:
    """Their means are long; the control: those of the same blocks filled at random are not."""
    rng = np.random.default_rng(0)
    anyhow = VECTORS[rng.permutation(LISTED)[:320].reshape(10, 32)]
    assert made.lengths.mean() > 0.9
    assert np.linalg.norm(anyhow.mean(axis=1), axis=1).mean() < 0.5


def test_items_that_are_all_alike_still_fit() -> None:
    alike = np.tile(unit(np.ones((1, 8))), (102, 1))
    made = partition(alike, np.arange(2, 102), block=16)
    assert np.sort(made.ids[made.ids > 0]).tolist() == list(range(2, 102))
    np.testing.assert_allclose(made.lengths, 1.0, rtol=1e-5)


def test_a_single_item_makes_one_block() -> None:
    made = partition(VECTORS, np.array([9]), block=16)
    assert made.ids.tolist() == [[9] + [0] * 15]
