"""Which weights the parts of a recommender have, before and after the validation rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.warm_start.shops import earlier_shop
from trainer.export import save_before_refresh
from trainer.recommender import trained
from trainer.recommender.trained import Sources, read_parts, refreshed
from trainer.settings import RecommenderSettings
from transform.settings import ExampleSettings

SHOP = earlier_shop()
SETTINGS = RecommenderSettings(refresh_co_view=False)


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """Saved models; nothing else of a recommender is there."""
    for name, value in (("catalogue", SHOP.catalogue()), ("co_view", None), ("item_names", [])):
        monkeypatch.setattr(trained, f"read_{name}", lambda *_, value=value, **__: value)
    for name, make in (("retriever", SHOP.retriever), ("ranker", SHOP.ranker)):
        SHOP.save(*make(seed=1), tmp_path / name)
    places = {name: str(tmp_path / name) for name in ("retriever", "ranker")}
    return Sources(
        **places, transform_graph="", catalogue_files=(), validation_files=(), co_view=""
    )


def assert_same_weights(model: Any, other: Any) -> None:
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def parts_of(sources: Sources) -> Any:
    return read_parts(sources, SETTINGS, ExampleSettings(), SHOP, SHOP.row("lamp"))  # type: ignore[arg-type]


def test_the_retriever_has_learned_from_the_validation_rows_only_once_all_is_calibrated(
    sources: Sources,
) -> None:
    earlier = SHOP.retriever(seed=2)[0]
    save_before_refresh(earlier, sources.retriever)
    parts = parts_of(sources)
    assert_same_weights(parts.retriever, earlier)
    parts = refreshed(parts, sources, ExampleSettings(), [])
    assert_same_weights(parts.retriever, SHOP.retriever(seed=1)[0])


def test_aggregates_of_items_are_the_latest_once_all_is_calibrated(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = SHOP.catalogue()
    latest = np.ones_like(catalogue.aggregates)
    known = replace(catalogue, latest_aggregates=latest)
    monkeypatch.setattr(trained, "read_catalogue", lambda *_, **__: known)
    parts = parts_of(sources)
    assert parts.catalogue.aggregates is catalogue.aggregates
    assert refreshed(parts, sources, ExampleSettings(), []).catalogue.aggregates is latest


def test_of_a_history_only_what_the_table_reads_becomes_python(
    sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    monkeypatch.setattr(trained, "with_followed", lambda _, histories, *__: read.extend(histories))
    row = {
        "history_item_id": tf.ragged.constant([[2, 3, 4, 5], [2], []], tf.int64),
        "target_item_id": tf.constant([[6], [7], [8]], tf.int64),
    }
    parts = parts_of(sources)
    parts = replace(parts, settings=RecommenderSettings(refresh_co_view=True))
    refreshed(parts, sources, ExampleSettings(co_view_window=2), [row])
    assert read == [[4, 5], [2], []]


def test_a_model_that_was_not_refreshed_stays_as_it_is(sources: Sources) -> None:
    parts = parts_of(sources)
    for each in (parts, refreshed(parts, sources, ExampleSettings(), [])):
        assert_same_weights(each.retriever, SHOP.retriever(seed=1)[0])
        assert_same_weights(each.ranker, SHOP.ranker(seed=1)[0])
