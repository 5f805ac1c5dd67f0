"""When a calibration is kept, and when it is fitted anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.recommender.shops import compose
from tests.trainer.recommender.test_record import (
    CALIBRATION,
    EARLIER,
    ITEMS,
    RANKER_VECTORS,
    RECORD,
)
from trainer.calibration import Calibration
from trainer.catalogue import Catalogue
from trainer.metrics.item_table import ItemTable
from trainer.ranker.model import Ranker
from trainer.recommender import assembly
from trainer.recommender.assembly import assemble
from trainer.recommender.record import Earlier
from trainer.two_tower.model import TwoTower

FITTED = {"known": Calibration(weights=(9.0,), slope=9.0, offset=9.0)}


def composed(
    monkeypatch: pytest.MonkeyPatch,
    items: ItemTable,
    earlier: Earlier | None,
    ranker_vectors: Any = RANKER_VECTORS,
) -> tuple[Any, list[str]]:
    """The calibrations of a composition over some items, and its steps in order."""
    steps: list[str] = []

    class Composing:
        def __init__(self, *given: Any) -> None:
            assert given[1:] == (RECORD.settings, RECORD.examples, earlier)

        def parts(self) -> str:
            steps.append("parts")
            return "fresh parts"

        def calibrated(self, parts: str) -> Mapping[str, Calibration]:
            assert steps[-1] == "parts"  # nothing has let them see the validation rows yet
            steps.append("calibrated")
            return FITTED

        def learned(self, parts: str) -> Any:
            steps.append("learned")
            return assembly._Composed(None, items, ranker_vectors)  # type: ignore[arg-type]

        def assembled(self, made: Any, calibrations: Mapping[str, Calibration]) -> Any:
            assert made.items is items
            return calibrations

    monkeypatch.setattr(assembly, "_Composing", Composing)
    return assemble(None, RECORD.settings, RECORD.examples, earlier), steps  # type: ignore[arg-type]


ANEW = ["parts", "calibrated", "learned"]


def test_over_the_same_items_the_calibration_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, steps = composed(monkeypatch, ITEMS, EARLIER)
    assert kept == {"known": CALIBRATION, "newcomers": CALIBRATION}
    assert steps == ["parts", "learned"]


def test_without_an_earlier_recommender_it_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert composed(monkeypatch, ITEMS, None) == (FITTED, ANEW)


def test_by_other_settings_it_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = RECORD.settings.model_copy(update={"candidates": 500})
    other = replace(EARLIER, record=RECORD.model_copy(update={"settings": settings}))
    assert composed(monkeypatch, ITEMS, other) == (FITTED, ANEW)


@pytest.mark.parametrize(("new", "is_kept"), [(1, True), (2, False)])  # of 40, as many are gone
def test_over_too_many_others_it_is_fitted(
    monkeypatch: pytest.MonkeyPatch, new: int, is_kept: bool
) -> None:
    names = [*(b"new %d" % i for i in range(new)), *ITEMS.names[new:]]
    items = ItemTable(names, np.asarray(ITEMS.counts), ITEMS.vectors)
    found, steps = composed(monkeypatch, items, EARLIER)
    if is_kept:
        assert (found, steps) == (RECORD.calibrations, ["parts", "learned"])
    else:
        assert (found, steps) == (FITTED, ["parts", "learned", *ANEW])


def test_over_items_whose_content_only_the_ranker_uses_it_is_fitted(
    monkeypatch: pytest.MonkeyPatch, retriever: TwoTower, ranker: Ranker, catalogue: Catalogue
) -> None:
    def seen() -> tuple[ItemTable, Any]:
        made = compose(retriever, ranker, catalogue)
        names = [b"i%d" % i for i in range(len(catalogue.counts))]
        items = ItemTable(names, catalogue.counts, made.vectors.numpy())
        return items, made.ranker_vectors.numpy()

    before = seen()
    earlier = Earlier(RECORD, None, *before)
    assert composed(monkeypatch, before[0], earlier, before[1])[0] == RECORD.calibrations
    colours = ranker.item_encoder._tables["colour"]
    colours.assign(tf.where(colours > 0, 5 - colours, 0))  # the two change places
    items, ranker_vectors = seen()
    np.testing.assert_array_equal(items.vectors, before[0].vectors)
    found, steps = composed(monkeypatch, items, earlier, ranker_vectors)
    assert (found, steps) == (FITTED, ["parts", "learned", *ANEW])
