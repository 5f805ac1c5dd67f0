"""Whose towers a refresh takes: those behind what is served, however it came to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.pusher import labels
from components.pusher.errors import PublishError
from components.served_parts import ServedPartsStrategy
from tests.components.runs_in_metadata import Runs

PARTS = (
    *("model", "retriever", "ranker", "retriever_run", "ranker_run", "transform_graph"),
    *("transformed_examples", "examples", "tiles", "account", "user_states"),
    *("data_checks", "baselines"),
)


class Served(Runs):
    """Runs, and what is found behind the version that is served."""

    def resolve(self, *keys: str) -> dict[str, int]:
        channels = self.channels(*keys, "pushed_model")
        found = ServedPartsStrategy(str(self.folder)).resolve_artifacts(self.store, channels)
        return {key: artifact.id for key, (artifact,) in found.items() if key in keys}


@pytest.fixture
def runs(tmp_path: Path) -> Served:
    return Served(tmp_path / "served")


def test_all_parts_are_those_of_the_run_that_is_served(runs: Served) -> None:
    runs.train(1)
    second = runs.train(2)
    assert runs.resolve(*PARTS) == {key: second[key] for key in PARTS}


def test_after_a_rollback_the_towers_of_the_earlier_version_count(runs: Served) -> None:
    first = runs.train(1)
    runs.train(2)
    runs.publish(3, copy_of=1)
    assert runs.resolve(*PARTS) == {key: first[key] for key in PARTS}


def test_a_refreshed_version_leads_to_its_training(runs: Served) -> None:
    trained = runs.train(1)
    runs.refresh(trained, 2)
    runs.refresh(trained, 3)
    assert runs.resolve(*PARTS) == {key: trained[key] for key in PARTS}


def test_a_withdrawn_canary_does_not_count(runs: Served) -> None:
    first = runs.train(1)
    runs.train(2)
    labels.move_all(runs.folder, 1)
    assert runs.resolve(*PARTS) == {key: first[key] for key in PARTS}


def test_a_version_that_no_run_pushed_is_refused(runs: Served) -> None:
    runs.train(1)
    runs.publish(9)
    with pytest.raises(PublishError, match=r"Received: version 9 of .*, which no run has pushed"):
        runs.resolve(*PARTS)


def test_nothing_served_is_refused(runs: Served) -> None:
    with pytest.raises(PublishError, match="There must be a published version"):
        runs.resolve(*PARTS)


def test_what_an_erasure_has_removed_is_named(runs: Served) -> None:
    made = runs.train(1)
    runs.remove(made["examples"])
    with pytest.raises(PublishError, match="no examples, which an erasure has removed"):
        runs.resolve(*PARTS)
