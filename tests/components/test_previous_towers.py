"""Which models a training goes on from: those behind the latest blessing, and no erased person."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.previous_towers import PreviousTowersStrategy
from tests.components.runs_in_metadata import Runs

TOWERS = ("retriever", "ranker")


class Earlier(Runs):
    """Runs, and what a training after them goes on from."""

    def before(self, candidate: int) -> dict[str, int]:
        """The towers found for transformed rows."""
        channels = self.channels(*TOWERS, "examples", "model_blessing")
        rows = [row for row in channels["examples"] if row.id == candidate]
        found = PreviousTowersStrategy().resolve_artifacts(
            self.store, channels | {"candidate": rows}
        )
        return {tower: artifact.id for tower in TOWERS for artifact in found[tower]}


@pytest.fixture
def runs(tmp_path: Path) -> Earlier:
    return Earlier(tmp_path / "served")


def towers(run: dict[str, int]) -> dict[str, int]:
    return {tower: run[tower] for tower in TOWERS}


def test_the_towers_of_the_latest_blessed_recommender(runs: Earlier) -> None:
    runs.train(1)
    second, third = runs.train(2), runs.train(3)
    assert runs.before(third["transformed_examples"]) == towers(second)


def test_the_first_training_finds_none(runs: Earlier) -> None:
    first = runs.train(1)
    assert runs.before(first["transformed_examples"]) == {}


def test_a_withheld_recommender_does_not_count(runs: Earlier) -> None:
    first, second, third = runs.train(1), runs.train(2), runs.train(3)
    (blessing,) = (b for b in runs.channels("any")["any"] if b.id == second["blessing"])
    blessing.set_int_custom_property("blessed", 0)
    assert runs.before(third["transformed_examples"]) == towers(first)


def test_refreshed_items_lead_to_the_training(runs: Earlier) -> None:
    first = runs.train(1)
    refreshed = runs.refresh(first, 2)
    assert refreshed["retriever"] != first["retriever"]
    third = runs.train(3)
    assert runs.before(third["transformed_examples"]) == towers(first)


@pytest.mark.parametrize("erased", [1, 2, None])
def test_nothing_goes_on_from_rows_that_an_erasure_removed(
    runs: Earlier, erased: int | None
) -> None:
    """Those of the model itself (2), and of the one that it went on from (1)."""
    first = runs.train(1)
    second = runs.train(2, **towers(first))
    third = runs.train(3)
    if erased is not None:
        runs.remove({1: first, 2: second}[erased]["examples"])
    found = runs.before(third["transformed_examples"])
    assert found == ({} if erased else towers(second))
