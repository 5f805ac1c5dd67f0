"""What an earlier recommender of the same parts leaves to a later one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trainer.recommender.clusters import unit
from trainer.calibration import Calibration
from trainer.metrics.item_table import ItemTable
from trainer.recommender.partitions import Directions
from trainer.recommender.record import Earlier, Record
from trainer.settings import RecommenderSettings
from transform.settings import ExampleSettings

COUNT = 40
VECTORS = unit(np.random.default_rng(3).normal(size=(COUNT, 8)))
ITEMS = ItemTable([b"i%d" % i for i in range(COUNT)], np.arange(COUNT), VECTORS)
CALIBRATION = Calibration(weights=(1.0, 0.5, 0.25, 0.0), slope=0.75, offset=-3.0)
RECORD = Record(
    settings=RecommenderSettings(candidates=70),
    examples=ExampleSettings(),
    code="abc",
    calibrations={"known": CALIBRATION, "newcomers": CALIBRATION},
    read=0.125,
)
EARLIER = Earlier(RECORD, Directions(VECTORS[:5], 0.125), ITEMS)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    EARLIER.write(tmp_path)
    found = Earlier.read(tmp_path)
    assert found is not None
    assert found.record == RECORD
    assert found.directions is not None
    assert found.directions.read == 0.125
    np.testing.assert_array_equal(found.directions.means, VECTORS[:5])
    assert found.unchanged(ITEMS) == 1.0


def test_an_exact_index_has_no_directions(tmp_path: Path) -> None:
    Earlier(RECORD.model_copy(update={"read": None}), None, ITEMS).write(tmp_path)
    found = Earlier.read(tmp_path)
    assert found is not None
    assert found.directions is None


def test_a_model_of_an_earlier_release_leaves_nothing(tmp_path: Path) -> None:
    ITEMS.write(tmp_path / "items.parquet")
    assert Earlier.read(tmp_path) is None


@pytest.mark.parametrize(
    ("settings", "examples"),
    [
        (RecommenderSettings(candidates=71), ExampleSettings()),
        (RecommenderSettings(candidates=70), ExampleSettings(co_view_decay=0.5)),
    ],
)
def test_other_settings_compose_something_else(
    settings: RecommenderSettings, examples: ExampleSettings
) -> None:
    assert RECORD.composes(RECORD.settings, RECORD.examples)
    assert not RECORD.composes(settings, examples)


def test_new_items_and_other_vectors_are_changes() -> None:
    moved = VECTORS.copy()
    moved[:3] = -moved[:3]
    moved[5] += 1e-5  # the arithmetic of another graph
    assert EARLIER.unchanged(replace(ITEMS, vectors=moved)) == pytest.approx(37 / 40)
    named = [b"new", *ITEMS.names[1:]]
    assert EARLIER.unchanged(replace(ITEMS, names=named)) == pytest.approx(39 / 40)
    fewer = ItemTable(ITEMS.names[::-2], ITEMS.counts[::-2], VECTORS[::-2])
    assert EARLIER.unchanged(fewer) == 1.0  # by name, whatever the order
    assert EARLIER.unchanged(replace(ITEMS, vectors=VECTORS[:, :4])) == 0.0
