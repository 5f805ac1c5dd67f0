"""A catalogue that is scored slice by slice gives what it gives as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from trainer.two_tower import slices
from trainer.two_tower.slices import Slices

ITEMS, REQUESTS, K = 1000, 64, 10
SOME = np.arange(0, REQUESTS, 2)
Found = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@pytest.fixture(scope="module")
def shop() -> dict[str, Any]:
    """Items of which many are alike, wherever their ids lie, and some are not listed."""
    draw = np.random.default_rng(7)
    kinds = draw.normal(size=(40, 8)).astype(np.float32)
    history = draw.integers(2, ITEMS, (REQUESTS, 20))
    target = draw.integers(2, ITEMS, REQUESTS)
    history[:5, -1] = target[:5]  # bought again
    return {
        "listed": draw.random(ITEMS) > 0.1,
        "vectors": kinds[draw.integers(0, len(kinds), ITEMS)],
        "queries": draw.normal(size=(REQUESTS, 8)).astype(np.float32),
        "row": {
            "history_item_id": tf.RaggedTensor.from_tensor(history),
            "target_item_id": tf.constant(target[:, np.newaxis]),
        },
    }


def found(
    shop: dict[str, Any], some: npt.NDArray[np.int64] = SOME, *, exclude_seen: bool = True
) -> Found:
    items = Slices(shop["listed"], lambda ids: shop["vectors"][ids], K, exclude_seen=exclude_seen)
    return items.standing(shop["queries"], shop["row"], some)


def whole(shop: dict[str, Any], *, exclude_seen: bool = True) -> Found:
    """The same, of one matrix of all scores, by sorting it."""
    scores = shop["queries"] @ shop["vectors"].T
    scores[:, ~shop["listed"]] = -np.inf
    first = np.argsort(-np.round(scores, 5), axis=1, kind="stable")[SOME, :K]
    ranks = []
    for one, target, history in zip(
        scores,
        shop["row"]["target_item_id"].numpy()[:, 0],
        shop["row"]["history_item_id"].numpy(),
        strict=True,
    ):
        others = np.setdiff1d(np.arange(ITEMS), [*(history if exclude_seen else []), target])
        if shop["listed"][target]:
            ranks.append(int((one[others] >= one[target] - 5e-6).sum()))
        else:
            ranks.append(ITEMS)  # after all
    return np.array(ranks), first


@pytest.mark.parametrize("exclude_seen", [True, False])
@pytest.mark.parametrize("size", [7, 100, 250, 999, 1000, 5000])
def test_slices_give_what_the_whole_gives(
    shop: dict[str, Any], monkeypatch: pytest.MonkeyPatch, size: int, exclude_seen: bool
) -> None:
    monkeypatch.setattr(slices, "_SLICE", size)
    ranks, first = found(shop, exclude_seen=exclude_seen)
    expected = whole(shop, exclude_seen=exclude_seen)
    np.testing.assert_array_equal(ranks, expected[0])
    np.testing.assert_array_equal(first, expected[1])


def test_the_shop_has_ties_and_excluded_items(shop: dict[str, Any]) -> None:
    """Control: without them the ranks would be others."""
    ranks, _ = whole(shop)
    apart = np.linspace(0, 1e-3, ITEMS, dtype=np.float32)[:, np.newaxis]
    assert (whole(shop | {"vectors": shop["vectors"] + apart})[0] != ranks).any()
    unseen = {"history_item_id": shop["row"]["history_item_id"][:, :0]}
    assert (whole(shop | {"row": shop["row"] | unseen})[0] > ranks).any()
    assert (whole(shop, exclude_seen=False)[0] > ranks).any()
    assert (ranks == ITEMS).any()  # of a target that is not listed


@pytest.mark.parametrize("size", [100, 5000])
def test_a_score_that_is_no_number_stands_before(
    shop: dict[str, Any], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(slices, "_SLICE", size)
    lost = shop | {"vectors": np.full_like(shop["vectors"], np.nan)}
    assert (found(lost)[0] >= shop["listed"].sum()).all()


@pytest.mark.parametrize(("size", "requests"), [(2, 30), (34, 30), (100, 30), (5000, 7)])
def test_items_with_the_vector_of_the_target_stand_before_it(
    monkeypatch: pytest.MonkeyPatch, size: int, requests: int
) -> None:
    """In the last columns of a product, and in others, too: their scores differ by some 1e-8."""
    monkeypatch.setattr(slices, "_SLICE", size)
    draw, items = np.random.default_rng(6), 103
    vector, *queries = draw.normal(size=(1 + requests, 64)).astype(np.float32)
    target = np.arange(items - requests, items)
    alike = {
        "listed": np.full(items, fill_value=True),
        "vectors": np.tile(vector / np.linalg.norm(vector), (items, 1)),
        "queries": np.array(queries) / np.linalg.norm(queries, axis=1, keepdims=True),
        "row": {
            "history_item_id": tf.RaggedTensor.from_tensor(np.zeros((requests, 0), np.int64)),
            "target_item_id": tf.constant(target[:, np.newaxis]),
        },
    }
    assert (found(alike, np.arange(requests))[0] == items - 1).all()
    # Control: what scores less by more than that does not.
    shorter = alike["vectors"].copy()
    shorter[: target[0]] *= 0.9
    before = np.where(alike["queries"] @ vector > 0, requests - 1, items - 1)
    ranks, _ = found(alike | {"vectors": shorter}, np.arange(requests))
    np.testing.assert_array_equal(ranks, before)
    assert set(before) == {requests - 1, items - 1}


class Watched(np.ndarray[Any, Any]):
    """Queries that note how many items they are held against."""

    widths: list[int]

    def __matmul__(self, vectors: npt.NDArray[Any]) -> Any:
        self.widths.append(vectors.shape[1])
        return np.asarray(self) @ vectors


@pytest.mark.parametrize("size", [100, 5000])
def test_no_more_than_a_slice_is_held_against_requests_at_once(
    shop: dict[str, Any], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(slices, "_SLICE", size)
    queries = shop["queries"].view(Watched)
    queries.widths = []
    np.testing.assert_array_equal(found(shop | {"queries": queries})[0], found(shop)[0])
    listed = int(shop["listed"].sum())
    assert set(queries.widths) == {min(size, listed), listed % min(size, listed)} - {0}
