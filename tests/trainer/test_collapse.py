"""A model that answers all alike is named, stopped, and not taken for a perfect one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.conftest import LENGTH, description, request_rows
from tests.trainer.jobs import job
from trainer.catalogue import Catalogue, always_available
from trainer.collapse import (
    CollapseGuard,
    DistinctRequests,
    FewListsGuard,
    concentration,
    effective_lists,
)
from trainer.ranker.model import Ranker
from trainer.ranker.validation import Validation as RankerValidation
from trainer.settings import RetrieverSettings
from trainer.stall import CollapsedError
from trainer.two_tower.model import TwoTower
from trainer.two_tower.training import build
from trainer.two_tower.validation import Validation
from trainer.vocabulary import Vocabulary

ITEMS = 400
REQUESTS = 60
NAN = float("nan")
WHAT = "the places of their first 10 items went to the same 10"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ([[1, 2], [1, 2], [2, 1]], 1.0),  # the order does not matter
        ([[1, 2], [3, 4], [5, 6]], 2 / 6),
        ([[1, 2], [1, 3], [1, 4], [1, 2]], 6 / 8),
    ],
)
def test_lists_are_concentrated_where_few_items_fill_them(
    shown: list[list[int]], expected: float
) -> None:
    assert concentration(np.array(shown), 2) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ([[1, 2], [2, 1], [1, 2]], 1.0),
        ([[1, 2], [3, 4], [5, 6], [2, 1], [4, 3], [6, 5]], 3.0),
        ([[1, 2]] * 9 + [[3, 4]], 0.9**-0.9 * 0.1**-0.1),
        ([[1, 2], [1, 3]], 2.0**0.5),  # half of each list is shared
    ],
)
def test_lists_amount_to_so_many_without_a_common_item(
    shown: list[list[int]], expected: float
) -> None:
    assert effective_lists(np.array(shown)) == pytest.approx(expected)


def test_requests_count_once_for_each_history_and_not_without_one() -> None:
    rows = [request_rows([[2, 3], [], [2, 3], [4]]), request_rows([[4], [9, 2, 3, 4, 5]])]
    distinct = DistinctRequests(rows, LENGTH)
    assert distinct.of(0).tolist() == [0, 3]
    assert distinct.of(1).tolist() == [1]
    assert not distinct.enough


def guard(folder: Path, alike: float | None) -> CollapseGuard:
    made = CollapseGuard(job(folder), "list_concentration", lambda: alike, WHAT)
    made.set_model(tf.keras.Model())
    return made


def test_a_collapse_is_named_from_the_third_epoch_on(tmp_path: Path) -> None:
    collapsed = guard(tmp_path, 0.97)
    for epoch in (0, 1):  # it may begin with what is popular
        logs = {"loss": 1.0}
        collapsed.on_epoch_end(epoch, logs)
        assert logs["list_concentration"] == 0.97
    with pytest.raises(CollapsedError, match=f"after epoch 3 of the retriever, 97.0% of {WHAT}"):
        collapsed.on_epoch_end(2, {"loss": 1.0})


def test_a_collapse_that_the_validation_rows_stop_is_named_at_once(tmp_path: Path) -> None:
    collapsed = guard(tmp_path, 0.97)
    collapsed.model.stop_training = True
    with pytest.raises(CollapsedError, match="after epoch 1"):
        collapsed.on_epoch_end(0, {"loss": 1.0})


@pytest.mark.parametrize("alike", [0.9, None])
def test_answers_that_differ_or_are_too_few_stop_nothing(
    tmp_path: Path, alike: float | None
) -> None:
    logs = {"loss": 1.0}
    guard(tmp_path, alike).on_epoch_end(9, logs)
    assert logs.get("list_concentration") == alike


def test_a_training_that_diverges_is_not_called_collapsed(tmp_path: Path) -> None:
    guard(tmp_path, 1.0).on_epoch_end(9, {"loss": float("nan")})


def few_lists(folder: Path, lists: float | None, *, stopped: bool = True) -> FewListsGuard:
    made = FewListsGuard(job(folder), lambda: lists)
    made.set_model(tf.keras.Model())
    made.model.stop_training = stopped
    return made


def test_a_few_lists_for_everybody_are_refused_once_there_is_no_progress(tmp_path: Path) -> None:
    logs = {"loss": 1.0}
    few_lists(tmp_path, 1.9, stopped=False).on_epoch_end(9, logs)  # it may find more
    assert logs["effective_lists"] == 1.9
    told = r"epoch 5 of the retriever, without progress, .* as 1\.9 lists"
    with pytest.raises(CollapsedError, match=told):
        few_lists(tmp_path, 1.9).on_epoch_end(4, {"loss": 1.0})


@pytest.mark.parametrize(("lists", "loss"), [(3.1, 1.0), (None, 1.0), (1.9, NAN)])
def test_more_lists_or_a_training_that_diverges_are_not_refused(
    tmp_path: Path, lists: float | None, loss: float
) -> None:
    few_lists(tmp_path, lists).on_epoch_end(4, {"loss": loss})


def histories() -> list[list[int]]:
    return [[2 + i, 3 + 2 * i % 100] for i in range(REQUESTS)]


@pytest.fixture(scope="module")
def large() -> Callable[[], tuple[TwoTower, Validation]]:
    """An untrained retriever in a shop of many items, as often as it is asked for."""
    catalogue = Catalogue(
        np.ones(ITEMS, np.int64),
        np.arange(ITEMS) >= 2,
        always_available(ITEMS),
        {"colour": np.full((ITEMS, 1), 2)},
        np.zeros((ITEMS, 0), np.float32),
    )
    tf.keras.utils.set_random_seed(1)
    settings = RetrieverSettings(dimension=8, layers=1, heads=2, dropout=0.0)
    vocabulary = Vocabulary(items=ITEMS, event_types=3, features={"colour": 4})
    told = description(settings).model_copy(update={"vocabulary": vocabulary})
    row = request_rows(histories())
    row["target_item_id"] = tf.constant([[140 - i] for i in range(REQUESTS)], tf.int64)
    model = build(told, catalogue, row, seed=1)
    measure = Validation(model, catalogue, [row], exclude_seen=True)
    weights = model.get_weights()

    def anew() -> tuple[TwoTower, Validation]:
        model.set_weights(weights)
        return model, measure

    return anew


def fill(layer: tf.keras.layers.Layer, value: float) -> None:
    for weight in layer.trainable_variables:
        weight.assign(tf.fill(weight.shape, value))


def same_query(model: TwoTower) -> None:
    fill(model.query_tower, 0.0)
    model.query_tower._norm.beta.assign(tf.ones(8))


def same_item(model: TwoTower) -> None:
    """All items have one vector, but for noise of the size of a rounding error."""
    fill(model.item_tower, 1.0)
    table = model.item_tower.variables[0]
    table.assign_add(tf.random.stateless_normal(table.shape, [1, 2]) * 1e-7)


@pytest.mark.parametrize("planted", [same_query, same_item])
def test_a_retriever_with_one_vector_for_all_is_stopped(
    large: Callable[[], tuple[TwoTower, Validation]],
    tmp_path: Path,
    planted: Callable[[TwoTower], None],
) -> None:
    model, measure = large()
    stopping = CollapseGuard(job(tmp_path), "list_concentration", measure.alike, WHAT)
    stopping.set_model(model)
    measure()
    logs = {"loss": 1.0}
    stopping.on_epoch_end(5, logs)  # a healthy model goes on
    assert logs["list_concentration"] < 0.8
    planted(model)
    measure()
    with pytest.raises(CollapsedError, match=r"100\.0% of the places"):
        stopping.on_epoch_end(6, {"loss": 1.0})


def test_a_retriever_with_a_query_for_half_of_them_is_refused(
    large: Callable[[], tuple[TwoTower, Validation]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, measure = large()
    ending = FewListsGuard(job(tmp_path), measure.lists)
    ending.set_model(model)
    model.stop_training = True
    measure()
    logs = {"loss": 1.0}
    ending.on_epoch_end(4, logs)  # a healthy model may be stopped
    assert logs["effective_lists"] > 4.0
    query = np.ones((1, 8), np.float32)
    half = np.repeat([query, -query], REQUESTS // 2, axis=0)[:, 0]
    monkeypatch.setattr(measure, "_queries", lambda _: tf.constant(half))
    measure()
    assert measure.alike() == 0.5  # which the other guard lets pass
    assert measure.lists() == pytest.approx(2.0)
    with pytest.raises(CollapsedError, match=r"as much as 2\.0 lists"):
        ending.on_epoch_end(4, {"loss": 1.0})


def test_a_retriever_that_tells_nothing_apart_is_not_perfect(
    large: Callable[[], tuple[TwoTower, Validation]],
) -> None:
    model, measure = large()
    for value in (0.0, float("nan")):
        fill(model.item_tower, value)
        assert measure() == 0.0


def test_few_items_are_shown_to_all_and_that_says_nothing(
    retriever: TwoTower, catalogue: Catalogue
) -> None:
    measure = Validation(retriever, catalogue, [request_rows(histories())], exclude_seen=False)
    assert measure.alike() is None
    assert measure.lists() is None


def test_a_ranker_that_tells_nothing_apart_is_known_and_not_perfect(ranker: Ranker) -> None:
    candidates = [[2 + i % 10, 2 + (i + 3) % 10, 2 + (i + 5) % 10] for i in range(REQUESTS)]
    row: dict[str, Any] = request_rows([[2, 3]] * REQUESTS, candidates)
    measure = RankerValidation(ranker, [row], "order", exclude_seen=False)
    assert measure() > 0.5
    assert measure.alike() == 0.0
    fill(ranker, 0.0)
    assert measure() == pytest.approx(0.5)  # 1 / log2(4): the last of three
    assert measure.alike() == 1.0
