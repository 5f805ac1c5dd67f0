"""Trained models over a catalogue with more items: no weight changes, content alone is new."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.conftest import ITEMS, description
from trainer.catalogue import Catalogue, always_available
from trainer.export import EDITION
from trainer.extension.towers import ExtensionError, carry_over, refuse_other_edition
from trainer.ranker.model import Ranker
from trainer.ranker.training import build as build_ranker
from trainer.settings import RankerSettings, RetrieverSettings
from trainer.two_tower.model import TwoTower
from trainer.two_tower.training import build as build_retriever

NEW = (ITEMS, ITEMS + 1)  # two items more, in the colours 2 and 3
COLD = ITEMS - 1  # known, in the colour 3, but without a training event


@pytest.fixture
def larger(catalogue: Catalogue) -> Catalogue:
    """The toy catalogue with two new items; item 2 has changed its colour from 2 to 3."""
    colours = np.concatenate([catalogue.features["colour"], [[2], [3]]])
    colours[2] = 3
    return Catalogue(
        np.concatenate([catalogue.counts, [0, 0]]),
        np.concatenate([catalogue.listed, [True, True]]),
        always_available(ITEMS + 2),
        {"colour": colours},
        np.zeros((ITEMS + 2, 0), np.float32),
    )


def of_more_items(settings: Any) -> Any:
    before = description(settings)
    vocabulary = before.vocabulary.model_copy(update={"items": ITEMS + 2})
    return before.model_copy(update={"vocabulary": vocabulary})


def values(model: tf.keras.Model) -> list[Any]:
    return [variable.numpy() for variable in model.variables]


@pytest.fixture
def extended(
    retriever: TwoTower, larger: Catalogue, rows: Callable[..., dict[str, Any]]
) -> TwoTower:
    tf.keras.utils.set_random_seed(9)  # other weights, were they not carried over
    settings = RetrieverSettings(dimension=8, layers=1, heads=2, uniform_negatives=5, dropout=0.0)
    model = build_retriever(of_more_items(settings), larger, rows([[2, 3]]), seed=0)
    carry_over(values(retriever), model, ITEMS + 2)
    return model


def vectors(model: TwoTower, *ids: int) -> Any:
    return model.item_vectors(tf.constant(ids, tf.int64)).numpy()


def test_known_items_keep_their_vectors(retriever: TwoTower, extended: TwoTower) -> None:
    unchanged = range(3, ITEMS)
    np.testing.assert_array_equal(vectors(extended, *unchanged), vectors(retriever, *unchanged))


def test_changed_content_changes_a_vector(retriever: TwoTower, extended: TwoTower) -> None:
    assert np.abs(vectors(extended, 2) - vectors(retriever, 2)).max() > 1e-3


def test_a_new_item_has_the_vector_of_a_cold_one_with_its_content(
    retriever: TwoTower, extended: TwoTower
) -> None:
    other, alike = vectors(extended, *NEW)
    np.testing.assert_array_equal(alike, vectors(retriever, COLD)[0])
    assert np.abs(other - alike).max() > 1e-3


def test_requests_of_known_items_are_embedded_as_before(
    retriever: TwoTower, extended: TwoTower, rows: Callable[..., dict[str, Any]]
) -> None:
    request = rows([[3, 4], [5]])
    np.testing.assert_array_equal(extended(request).numpy(), retriever(request).numpy())


def test_the_ranker_scores_known_items_as_before(
    ranker: Ranker, larger: Catalogue, rows: Callable[..., dict[str, Any]]
) -> None:
    tf.keras.utils.set_random_seed(9)
    settings = RankerSettings(dimension=8, hidden=(8,), dropout=0.0)
    request = rows([[3, 4]], [[5, 6, COLD]])
    model = build_ranker(of_more_items(settings), larger, request)
    carry_over(values(ranker), model, ITEMS + 2)
    np.testing.assert_array_equal(model(request).numpy(), ranker(request).numpy())
    alike = model(rows([[3, 4]], [[COLD, NEW[1], NEW[0]]])).numpy()[0]
    assert alike[0] == alike[1] != alike[2]


def test_items_that_share_rows_keep_their_vectors(
    catalogue: Catalogue, larger: Catalogue, rows: Callable[..., dict[str, Any]]
) -> None:
    settings = RetrieverSettings(dimension=8, layers=1, uniform_negatives=5, hash_buckets=5)
    trained = build_retriever(description(settings), catalogue, rows([[2, 3]]), seed=0)
    model = build_retriever(of_more_items(settings), larger, rows([[2, 3]]), seed=0)
    carry_over(values(trained), model, ITEMS + 2)
    known = range(3, ITEMS)
    np.testing.assert_array_equal(vectors(model, *known), vectors(trained, *known))
    np.testing.assert_array_equal(vectors(model, NEW[1]), vectors(trained, COLD))


def test_another_width_is_refused(
    retriever: TwoTower, larger: Catalogue, rows: Callable[..., dict[str, Any]]
) -> None:
    wider = RetrieverSettings(dimension=16, layers=1, heads=2, uniform_negatives=5)
    model = build_retriever(of_more_items(wider), larger, rows([[2, 3]]), seed=0)
    with pytest.raises(ExtensionError, match=r"must keep its shape.*\(12, 8\), now \(14, 16\)"):
        carry_over(values(retriever), model, ITEMS + 2)


def test_a_model_of_an_earlier_edition_is_refused() -> None:
    earlier = description(RetrieverSettings())
    with pytest.raises(ExtensionError, match=r"edition 0, this is \d+\. Train the model anew"):
        refuse_other_edition(earlier)
    refuse_other_edition(earlier.model_copy(update={"edition": EDITION}))


def test_what_is_neither_trained_nor_a_table_of_items_is_refused() -> None:
    class Counting(tf.keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.steps = tf.Variable([1.0, 2.0, 3.0], trainable=False, name="steps")

    with pytest.raises(ExtensionError, match=r"table with a row for each item.*steps"):
        carry_over(values(Counting()), Counting(), ITEMS)
