"""Tests of maximal marginal relevance against the rule in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from trainer.recommender.diversity import diversified
from trainer.settings import RecommenderSettings

Floats = npt.NDArray[np.float32]


def places(probability: Any, vectors: Any, count: int, strength: float) -> npt.NDArray[np.int32]:
    shown: npt.NDArray[np.int32] = diversified(
        tf.constant(probability, tf.float32),
        tf.constant(vectors, tf.float32),
        tf.constant(count),
        strength,
    ).numpy()
    return shown


def marginal_relevance(
    probability: Floats, vectors: Floats, shown: list[int], strength: float
) -> Floats:
    """The rule, for one request, in float32: what each candidate is worth after those shown."""
    nearest = (vectors @ vectors[shown].T).max(axis=1) if shown else -np.ones(len(probability))
    relative = probability / (probability.max() or 1)
    worth = np.float32(1 - strength) * relative - np.float32(strength) * nearest.astype(np.float32)
    worth[shown] = -np.inf
    return worth


def greedy(probability: Floats, vectors: Floats, count: int, strength: float) -> list[int]:
    """The rule one place after the other; ties go to the more probable, then to the earlier one."""
    shown: list[int] = []
    real = np.flatnonzero(probability >= 0)
    for _ in range(min(count, len(real))):
        worth = marginal_relevance(probability, vectors, shown, strength)
        shown.append(min(real, key=lambda i: (-worth[i], -probability[i], i)))
    return shown


@st.composite
def exact_requests(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Requests of one batch whose cosines are -1, 0 or 1 and whose probabilities often tie."""
    rows, candidates = draw(st.integers(1, 3)), draw(st.integers(1, 9))
    size = rows * candidates
    eighths = draw(st.lists(st.integers(-1, 8), min_size=size, max_size=size))
    axes = draw(st.lists(st.integers(0, 2), min_size=size, max_size=size))
    signs = draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=size, max_size=size))
    vectors = np.eye(3, dtype=np.float32)[axes] * np.array(signs, np.float32)[:, None]
    probability = (np.array(eighths) / 8).astype(np.float32)
    return probability.reshape(rows, candidates), vectors.reshape(rows, candidates, 3)


@given(exact_requests(), st.sampled_from([0.125, 0.25, 0.5, 0.75, 1.0]), st.data())
@settings(max_examples=60, deadline=None)
def test_lists_equal_the_rule_ties_included(
    request_: tuple[Floats, Floats], strength: float, data: st.DataObject
) -> None:
    probability, vectors = request_
    count = data.draw(st.integers(1, probability.shape[1]))
    for row, shown in enumerate(places(probability, vectors, count, strength).tolist()):
        expected = greedy(probability[row], vectors[row], count, strength)
        assert shown[: len(expected)] == expected
        assert len(set(shown)) == count
        assert (probability[row][shown[len(expected) :]] < 0).all()


def any_request(seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(30, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return rng.random(30).astype(np.float32), vectors


def missed_worth(probability: Floats, vectors: Floats, shown: list[int], strength: float) -> float:
    """By how much some candidate was worth more than the one shown in its place."""
    missed = []
    for k, item in enumerate(shown):
        worth = marginal_relevance(probability, vectors, shown[:k], strength)
        missed.append(float(worth.max() - worth[item]))
    return max(missed)


@given(st.integers(0, 10_000), st.floats(0.01, 1.0))
@settings(max_examples=20, deadline=None)
def test_no_candidate_is_worth_more_than_the_one_shown(seed: int, strength: float) -> None:
    probability, vectors = any_request(seed)
    shown = places([probability], [vectors], 12, strength)[0].tolist()
    assert missed_worth(probability, vectors, shown, strength) < 1e-5


def test_a_list_by_probability_alone_breaks_the_rule() -> None:
    """The negative control of the test above."""
    probability, vectors = any_request(0)
    by_probability = np.argsort(-probability)[:12].tolist()
    assert missed_worth(probability, vectors, by_probability, 0.5) > 0.1
    assert missed_worth(probability, vectors, by_probability, 0.0) == 0.0


# Four items in two directions: 0 and 1 are the same, 2 and 3 are the same.
TWINS = [[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]]
PROBABILITY = [[0.8, 0.7, 0.2, 0.1]]


@pytest.mark.parametrize(
    ("strength", "expected"),
    [
        # Place 2: item 1 is worth 0.9 * 0.875 - 0.1 > item 2 with 0.9 * 0.25.
        (0.1, [0, 1, 2, 3]),
        # Place 2: item 1 is worth 0.5 * 0.875 - 0.5 < item 2 with 0.5 * 0.25.
        (0.5, [0, 2, 1, 3]),
        (1.0, [0, 2, 1, 3]),
    ],
)
def test_strength_decides_how_much_a_repeat_costs(strength: float, expected: list[int]) -> None:
    assert places(PROBABILITY, TWINS, 4, strength).tolist() == [expected]


def test_the_full_strength_begins_with_the_best_and_then_spreads() -> None:
    """A probability of nearly nothing does not hold the opposite item back."""
    vectors = [[[0.0, 1.0], [1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]]]
    shown = places([[0.5, 0.9, 0.8, 1e-6]], vectors, 3, 1.0)
    assert shown.tolist() == [[1, 3, 0]]


def test_the_scale_of_a_requests_probabilities_does_not_matter() -> None:
    rare = np.array(PROBABILITY) * 2.0**-10
    both = places(np.concatenate([PROBABILITY, rare]), TWINS * 2, 3, 0.5)
    assert both[0].tolist() == both[1].tolist()


def test_a_list_is_the_beginning_of_every_longer_one() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(2, 20, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    probability = rng.random((2, 20))
    longest = places(probability, vectors, 20, 0.4)
    for count in (1, 5, 19):
        assert places(probability, vectors, count, 0.4).tolist() == longest[:, :count].tolist()


def test_requests_of_a_batch_do_not_touch_each_other() -> None:
    rng = np.random.default_rng(5)
    vectors = rng.choice([-0.5, 0.5], size=(3, 10, 4))
    probability = rng.integers(-1, 9, size=(3, 10)) / 8
    together = places(probability, vectors, 10, 0.5)
    for row in range(3):
        alone = places(probability[row : row + 1], vectors[row : row + 1], 10, 0.5)
        assert alone[0].tolist() == together[row].tolist()


def test_a_request_without_any_candidate_gets_each_empty_place_once() -> None:
    shown = places([[-1.0, -1.0, -1.0], [0.3, -1.0, 0.2]], np.zeros((2, 3, 2)), 3, 0.5)
    assert sorted(shown[0].tolist()) == [0, 1, 2]
    assert shown[1].tolist() == [0, 2, 1]


def test_probabilities_of_zero_are_still_candidates() -> None:
    shown = places([[-1.0, 0.0, 0.0]], [[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]], 2, 0.5)
    assert shown.tolist() == [[1, 2]]


@pytest.mark.parametrize("strength", [-0.01, 1.01, float("nan")])
def test_a_strength_beyond_0_and_1_is_refused(strength: float) -> None:
    with pytest.raises(ValidationError, match="diversity"):
        RecommenderSettings(diversity=strength)
