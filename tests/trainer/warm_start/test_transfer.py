"""The weights of an earlier model follow their names and terms, however the vocabularies grew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.conftest import FEATURES
from tests.trainer.warm_start.shops import earlier_shop, grown_shop
from trainer.export import save_before_refresh
from trainer.vocabulary import read_terms
from trainer.warm_start import transfer as transfer_module
from trainer.warm_start.transfer import UnlikeError, transfer
from transform.aggregates import Aggregate, Of
from transform.features import Feature, Kind, Side

BEFORE, NOW = earlier_shop(), grown_shop()
SEEN = ("lamp", "rug", "vase", "sofa")


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    """An earlier retriever, and where it is saved."""
    model, description = BEFORE.retriever(1)
    return model, BEFORE.save(model, description, tmp_path_factory.mktemp("retriever"))


@pytest.fixture(scope="module")
def earlier_ranker(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, str]:
    """An earlier ranker, and where it is saved."""
    model, description = BEFORE.ranker(2)
    return model, BEFORE.save(model, description, tmp_path_factory.mktemp("ranker"))


def carried(folder: str, made: tuple[Any, Any]) -> tuple[Any, tuple[str, ...]]:
    """A model of the grown shop after the transfer, and what started anew."""
    model, description = made
    return model, transfer(folder, model, description, read_terms(NOW, description.features))


def vectors(model: Any, shop: Any, *items: str) -> Any:
    return model.item_vectors(tf.constant(shop.ids(*items), tf.int64)).numpy()


def assert_known_items_keep_their_vectors(model: Any, now: Any) -> None:
    np.testing.assert_allclose(vectors(now, NOW, *SEEN), vectors(model, BEFORE, *SEEN), atol=1e-6)


def test_known_items_keep_their_vectors_by_name(earlier: tuple[Any, str]) -> None:
    model, folder = earlier
    now, anew = carried(folder, NOW.retriever(3))
    assert_known_items_keep_their_vectors(model, now)
    assert anew == ()


def test_rows_that_follow_their_place_would_be_found_out(
    earlier: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the first rows stay where they were, whatever terms they stand for now."""
    model, folder = earlier

    def by_place(*arguments: Any) -> Any:
        terms = arguments[-1]
        return np.minimum(np.arange(len(terms) + 2), 3)

    monkeypatch.setattr(transfer_module, "_rows", by_place)
    now, _ = carried(folder, NOW.retriever(3))
    with pytest.raises(AssertionError):
        assert_known_items_keep_their_vectors(model, now)


def test_requests_of_known_items_and_types_are_embedded_as_before(
    earlier: tuple[Any, str],
) -> None:
    model, folder = earlier
    now, _ = carried(folder, NOW.retriever(3))
    request, before = (shop.row("lamp", "vase", "rug") for shop in (NOW, BEFORE))
    np.testing.assert_allclose(now(request).numpy(), model(before).numpy(), atol=1e-6)


def test_a_new_item_starts_with_the_vector_of_its_content(earlier: tuple[Any, str]) -> None:
    """Of the blue desk there was no event, so its vector was its content; that of new is alike."""
    model, folder = earlier
    now, _ = carried(folder, NOW.retriever(3))
    (content,) = vectors(model, BEFORE, "desk")
    for item in ("new", "desk"):
        np.testing.assert_allclose(vectors(now, NOW, item)[0], content, atol=1e-6)
    assert np.abs(vectors(now, NOW, "newer")[0] - content).max() > 1e-3


def test_a_new_term_starts_as_an_unknown_one(earlier: tuple[Any, str]) -> None:
    model, folder = earlier
    now, _ = carried(folder, NOW.retriever(3))
    for table in ("item_tower/_content/_encoders/colour", "query_tower/_event_types"):
        before, after = (table_of(one, f"{table}/embeddings") for one in (model, now))
        np.testing.assert_array_equal(after[3], before[1])  # green; buy


def table_of(model: Any, name: str) -> Any:
    names = transfer_module.weight_names(model)
    return model.variables[names.index(name)].numpy()


def test_the_weights_from_before_the_refresh_count(tmp_path: Path) -> None:
    model, description = BEFORE.retriever(4)
    folder = BEFORE.save(model, description, tmp_path)
    validated, _ = BEFORE.retriever(5)
    save_before_refresh(validated, folder)
    now, _ = carried(folder, NOW.retriever(3))
    assert_known_items_keep_their_vectors(validated, now)


def test_the_ranker_scores_known_items_as_before(earlier_ranker: tuple[Any, str]) -> None:
    model, folder = earlier_ranker
    now, _ = carried(folder, NOW.ranker(3))
    request, before = (shop.row("lamp", "vase", "rug") for shop in (NOW, BEFORE))
    np.testing.assert_allclose(now(request).numpy(), model(before).numpy(), atol=1e-5)


def test_what_belongs_to_new_or_changed_features_starts_anew(earlier: tuple[Any, str]) -> None:
    _, folder = earlier
    age, colour = FEATURES
    price = Feature(name="price", side=Side.QUERY, kind=Kind.NUMBER)
    changed = (age, colour.model_copy(update={"buckets": 7}), price)
    with_price = NOW.row

    def row(*history: str) -> dict[str, Any]:
        found = with_price(*history)
        return found | {"price": found["age"]}

    shop = grown_shop()
    shop.row = row
    _, anew = carried(folder, shop.retriever(3, features=changed))
    assert anew == (
        "item_tower/_content/_encoders/colour/embeddings",
        "query_tower/_features/_encoders/price/kernel",
        "query_tower/_features/_encoders/price/bias",
    )


def of_width_16() -> Any:
    return NOW.retriever(3, {"dimension": 16})


def of_two_blocks() -> Any:
    return NOW.retriever(3, {"layers": 2})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (of_width_16, r"_ids/embeddings of shape \(9, 16\), then \(7, 8\); .*; and \d+ more"),
        (of_two_blocks, r"_blocks/1/_attention_norm/gamma of shape \(8,\), then none"),
    ],
)
def test_another_shape_is_refused_and_changes_nothing(
    earlier: tuple[Any, str], make: Callable[[], Any], message: str
) -> None:
    _, folder = earlier
    untouched, (model, description) = make()[0].get_weights(), make()
    with pytest.raises(UnlikeError, match=message):
        transfer(folder, model, description, read_terms(NOW, description.features))
    for one, other in zip(untouched, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_parts_that_are_left_over_are_refused(tmp_path: Path) -> None:
    model, description = BEFORE.retriever(1, {"layers": 2})
    folder = BEFORE.save(model, description, tmp_path)
    with pytest.raises(UnlikeError, match=r"no weights that this one lacks.*_blocks/1/"):
        carried(folder, NOW.retriever(3))


def test_other_aggregates_are_refused_where_they_are_read(
    earlier: tuple[Any, str], earlier_ranker: tuple[Any, str]
) -> None:
    liked = Aggregate(name="liked", of=Of.USER, count="click", window="7d")
    model, description = NOW.ranker(3)
    changed = description.model_copy(update={"aggregates": (liked,)})
    with pytest.raises(UnlikeError, match=r"the same aggregates.*Received: \['liked'\], then \[\]"):
        carried(earlier_ranker[1], (model, changed))
    carried(earlier[1], NOW.retriever(3, aggregates=(liked,)))
