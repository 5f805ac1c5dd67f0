"""Which index a catalogue gets, and how much of it is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.trainer.recommender.clusters import D, clustered, exact_index, unit
from trainer.recommender import index_choice
from trainer.recommender import partitions as learning
from trainer.recommender.index_choice import (
    Sample,
    block_size,
    choose_index,
    nearest,
    probe,
    recall_of,
)
from trainer.recommender.partitioned_index import PartitionedIndex
from trainer.recommender.partitions import Directions, partition
from trainer.settings import RecommenderSettings

VECTORS = clustered(4000)
EXACT = exact_index(VECTORS)


def sample_of(vectors: Any, seed: int = 1) -> Sample:
    rng = np.random.default_rng(seed)
    near = vectors[rng.integers(2, len(vectors), 100)] + 0.1 * rng.normal(size=(100, D))
    return Sample(unit(near), np.zeros(100, np.int64))


def choose(exact: Any, sample: Sample, **settings: Any) -> Any:
    return choose_index(exact, sample, RecommenderSettings(**settings), longest=20)


def test_a_small_catalogue_is_searched_exactly() -> None:
    assert choose(EXACT, sample_of(VECTORS)) is EXACT


def test_a_large_catalogue_is_partitioned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_choice, "PARTITIONED_FROM", 4000)
    index = choose(EXACT, sample_of(VECTORS))
    assert isinstance(index, PartitionedIndex)
    others = sample_of(VECTORS, seed=2)
    assert recall_of(nearest(index, others, 20), nearest(EXACT, others, 20)) > 0.94
    assert choose(EXACT, others, index="exact") is EXACT


def test_a_catalogue_without_structure_is_not_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours lie in all directions: to find them, most blocks would have to be read."""
    monkeypatch.setattr(index_choice, "PARTITIONED_FROM", 1000)
    shapeless = unit(np.random.default_rng(0).normal(size=(1500, D)))
    exact = exact_index(shapeless)
    sample = Sample(unit(np.random.default_rng(1).normal(size=(50, D))), np.zeros(50, np.int64))
    assert choose(exact, sample, index_recall=0.999) is exact
    assert isinstance(choose(exact, sample, index="partitioned"), PartitionedIndex)


def test_more_is_read_for_a_higher_recall() -> None:
    partitions = partition(VECTORS, np.arange(2, len(VECTORS)), block=32)
    sample = sample_of(VECTORS)
    found = {
        recall: probe(EXACT, partitions, sample, recall, longest=20) for recall in (0.5, 0.9, 0.99)
    }
    for recall, (index, measured) in found.items():
        assert measured >= recall
        assert index.longest == 20
    assert found[0.5][0].probed < found[0.9][0].probed < found[0.99][0].probed


def test_a_list_is_no_longer_than_the_catalogue() -> None:
    few = clustered(10)
    index, recall = probe(
        exact_index(few),
        partition(few, np.arange(2, 12), block=16),
        sample_of(few),
        0.9,
        longest=100,
    )
    assert (index.longest, recall) == (10, 1.0)


@pytest.mark.parametrize(
    ("items", "size"), [(1, 16), (50_000, 64), (1_000_000, 256), (10**9, 1024)]
)
def test_blocks_grow_with_the_root_of_the_catalogue(items: int, size: int) -> None:
    assert block_size(items) == size


def test_recall_counts_true_neighbours_alone() -> None:
    truth = np.array([[2, 3], [4, 0]])
    assert recall_of(np.array([[3, 9], [4, 0]]), truth) == pytest.approx(2 / 3)
    assert recall_of(np.array([[0, 0], [0, 0]]), truth) == 0.0


MORE = unit(np.concatenate([VECTORS, VECTORS[2:80] + 0.01]))  # a few items join the others
PARTITIONED = RecommenderSettings(index="partitioned")


def learned() -> PartitionedIndex:
    index = choose_index(EXACT, sample_of(VECTORS), PARTITIONED, longest=20)
    assert isinstance(index, PartitionedIndex)
    return index


def test_kept_directions_are_not_learned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = learned().directions
    exact, sample, others = exact_index(MORE), sample_of(MORE), sample_of(MORE, seed=2)
    with monkeypatch.context() as patch:
        patch.delattr(learning, "_spherical_k_means")
        index = choose_index(exact, sample, PARTITIONED, longest=20, kept=kept)
    assert isinstance(index, PartitionedIndex)
    assert np.array_equal(index.directions.means, kept.means)
    assert np.sort(index.ids.numpy()[index.ids.numpy() > 0]).tolist() == list(range(2, len(MORE)))
    truth = nearest(exact, sample, 20)
    assert recall_of(nearest(index, sample, 20), truth) >= PARTITIONED.index_recall
    assert recall_of(nearest(index, others, 20), nearest(exact, others, 20)) > 0.94


def test_directions_that_lead_astray_are_learned_anew() -> None:
    """With them the recall is only there where nearly everything is read."""
    fresh = learned()
    anywhere = unit(np.random.default_rng(5).normal(size=fresh.directions.means.shape))
    astray = Directions(anywhere[:3], fresh.directions.share_read)
    index = choose_index(EXACT, sample_of(VECTORS), PARTITIONED, longest=20, kept=astray)
    assert isinstance(index, PartitionedIndex)
    np.testing.assert_array_equal(index.directions.means, fresh.directions.means)
    assert index.probed == fresh.probed


def test_a_recall_that_is_not_reached_is_a_reason_too(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = learned()
    searched = index_choice.probe

    def missing(exact: Any, partitions: Any, *given: Any, **options: Any) -> Any:
        index, recall = searched(exact, partitions, *given, **options)
        is_kept = partitions.means is kept.means
        return index, 0.5 if is_kept else recall

    kept = Directions(fresh.directions.means.copy(), 1.0)
    monkeypatch.setattr(index_choice, "probe", missing)
    index = choose_index(EXACT, sample_of(VECTORS), PARTITIONED, longest=20, kept=kept)
    assert isinstance(index, PartitionedIndex)
    assert index.directions.means is not kept.means
