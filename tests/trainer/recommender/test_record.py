"""What an earlier recommender of the same parts leaves to a later one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

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
    share_read=0.125,
)
RANKER_VECTORS = np.random.default_rng(4).normal(size=(COUNT, 6), scale=5.0).astype(np.float32)
EARLIER = Earlier(RECORD, Directions(VECTORS[:5], 0.125), ITEMS, RANKER_VECTORS)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    EARLIER.write(tmp_path)
    found = Earlier.read(tmp_path, code=RECORD.code)
    assert found is not None
    assert found.record == RECORD
    assert found.directions is not None
    assert found.directions.share_read == 0.125
    np.testing.assert_array_equal(found.directions.means, VECTORS[:5])
    assert found.unchanged(ITEMS, RANKER_VECTORS) == 1.0


def test_an_exact_index_has_no_directions(tmp_path: Path) -> None:
    record = RECORD.model_copy(update={"share_read": None})
    Earlier(record, None, ITEMS, RANKER_VECTORS).write(tmp_path)
    found = Earlier.read(tmp_path, code=RECORD.code)
    assert found is not None
    assert found.directions is None


def test_a_model_of_an_earlier_release_leaves_nothing(tmp_path: Path) -> None:
    ITEMS.write(tmp_path / "items.parquet")
    assert Earlier.read(tmp_path, code=RECORD.code) is None


def test_what_other_code_has_written_is_not_read(tmp_path: Path) -> None:
    EARLIER.write(tmp_path)
    assert Earlier.read(tmp_path, code="other") is None


def test_settings_that_other_code_knew_under_another_name_do_not_matter(tmp_path: Path) -> None:
    EARLIER.write(tmp_path)
    file = tmp_path / "composed.json"
    file.write_text(file.read_text().replace('"candidates"', '"shortlist"'))
    assert Earlier.read(tmp_path, code="other") is None
    with pytest.raises(ValidationError, match="shortlist"):
        Earlier.read(tmp_path, code=RECORD.code)


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
    found = EARLIER.unchanged(replace(ITEMS, vectors=moved), RANKER_VECTORS)
    assert found == pytest.approx(37 / 40)
    cut = replace(ITEMS, vectors=VECTORS[:, :4])
    assert EARLIER.unchanged(cut, RANKER_VECTORS) == 0.0
    named = replace(ITEMS, names=[b"new", *ITEMS.names[1:]])  # one is gone, too
    assert EARLIER.unchanged(named, RANKER_VECTORS) == pytest.approx(39 / 41)


def test_items_that_the_ranker_sees_otherwise_are_changed() -> None:
    moved = RANKER_VECTORS.copy()
    moved[:8, 2] += 0.1
    moved[8:] *= 1.0 + 1e-5  # the arithmetic of another graph
    assert EARLIER.unchanged(ITEMS, moved) == pytest.approx(32 / 40)
    assert EARLIER.unchanged(ITEMS, RANKER_VECTORS[:, :4]) == 0.0


def test_items_are_known_by_name_and_those_that_are_gone_are_changed() -> None:
    turned = ItemTable(ITEMS.names[::-1], ITEMS.counts[::-1], VECTORS[::-1])
    assert EARLIER.unchanged(turned, RANKER_VECTORS[::-1]) == 1.0
    half = ItemTable(ITEMS.names[::2], ITEMS.counts[::2], VECTORS[::2])
    assert EARLIER.unchanged(half, RANKER_VECTORS[::2]) == 0.5
    none = ItemTable([], ITEMS.counts[:0], VECTORS[:0])
    assert EARLIER.unchanged(none, RANKER_VECTORS[:0]) == 0.0
    assert Earlier(RECORD, None, none, RANKER_VECTORS[:0]).unchanged(none, RANKER_VECTORS[:0]) == 1
