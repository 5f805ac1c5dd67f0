"""Tests of the choice of the model to compare with."""

from __future__ import annotations

from typing import Any

from tfx.types import standard_artifacts

from components.previous_model import PreviousBlessedModelStrategy


def model(identity: int) -> Any:
    artifact = standard_artifacts.Model()
    artifact.id = identity
    return artifact


def blessing(of: int, blessed: int) -> Any:
    artifact = standard_artifacts.ModelBlessing()
    artifact.set_int_custom_property("current_model_id", of)
    artifact.set_int_custom_property("blessed", blessed)
    return artifact


def resolve(models: list[int], blessings: list[tuple[int, int]], candidate: int) -> list[int]:
    channels = {
        "model": [model(i) for i in models],
        "model_blessing": [blessing(*b) for b in blessings],
        "candidate": [model(candidate)],
    }
    resolved = PreviousBlessedModelStrategy().resolve_artifacts(None, channels)
    assert len(resolved["model"]) == len(resolved["model_blessing"])
    return [m.id for m in resolved["model"]]


def test_the_newest_blessed_model_before_the_candidate() -> None:
    assert resolve([1, 3, 5, 9], [(1, 1), (3, 1), (5, 0)], candidate=9) == [3]


def test_the_candidate_itself_does_not_count_once_it_is_blessed() -> None:
    assert resolve([1, 9], [(1, 1), (9, 1)], candidate=9) == [1]


def test_nothing_before_the_first_blessing() -> None:
    assert resolve([9], [(9, 1)], candidate=9) == []
    assert resolve([1, 9], [(1, 0)], candidate=9) == []
    assert resolve([9], [], candidate=9) == []
