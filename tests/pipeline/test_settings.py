"""Aggregates and slices in the settings: what is refused, and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.settings import Settings

VIEWS = {"name": "views", "of": "user", "count": "view", "window": "7d"}
LIKED = {"name": "liked", "of": "user_category", "by": "genre", "count": "view", "window": "7d"}
GENRE = {"name": "genre", "side": "candidate", "kind": "category"}


def settings(*aggregates: dict[str, Any], **features: dict[str, Any]) -> Settings:
    declared = [GENRE, *features.values()]
    data = {"events": {"path": "log.csv"}, "items": {"path": "items.csv"}}
    return Settings.model_validate(
        {
            "name": "a",
            "root": "r",
            "data": data,
            "features": declared,
            "aggregates": aggregates,
            "examples": {"labels": ["buy"]},
        }
    )


def test_aggregates_are_declared_a_line_each() -> None:
    assert [aggregate.name for aggregate in settings(VIEWS, LIKED).aggregates] == ["views", "liked"]


@pytest.mark.parametrize(
    ("aggregates", "said"),
    [
        ([VIEWS, VIEWS], "must have a name of its own; .* Received: views, which is taken"),
        ([VIEWS | {"name": "genre"}], "Received: genre, which is taken"),
        ([VIEWS | {"name": "label"}], "Received: label, which is taken"),
        ([VIEWS | {"name": "label_buy"}], "Received: label_buy, which is taken"),
        ([VIEWS | {"name": "liked_key"}, LIKED], "Received: liked_key, which is taken"),
        ([LIKED | {"by": "colour"}], r"Received: 'colour' for 'liked', with \['genre'\] declared"),
        ([LIKED | {"by": "price"}], "a declared candidate feature of kind category"),
    ],
)
def test_what_does_not_fit_the_features_is_refused(
    aggregates: list[dict[str, Any]], said: str
) -> None:
    price = {"name": "price", "side": "candidate", "kind": "number"}
    with pytest.raises(ValidationError, match=said):
        settings(*aggregates, price=price)


def test_a_feature_may_not_take_the_name_of_a_label() -> None:
    feature = {"name": "label_buy", "side": "candidate", "kind": "number"}
    with pytest.raises(ValidationError, match=r"the name of a label .* Received: label_buy"):
        settings(label=feature)


def test_whether_rows_count_with_repeats_is_said_of_the_lists() -> None:
    told = settings().model_dump() | {"examples": {"repeats": True}}
    with pytest.raises(ValidationError, match=r"Set `recommender: \{exclude_seen: false\}`"):
        Settings.model_validate(told)


def _sliced(*pairs: tuple[str, ...]) -> Settings:
    features = [{"name": "country", "side": "context", "kind": "category"}, GENRE]
    data = {"events": {"path": "log.csv"}, "items": {"path": "items.csv"}}
    values = {"name": "a", "root": "r", "data": data, "features": features, "slices": pairs}
    return Settings.model_validate(values)


def test_pairs_of_slicing_columns_may_be_crossed() -> None:
    assert settings().slices == (("user_rung", "item_rung"),)
    assert _sliced(("target_age", "country")).slices == (("target_age", "country"),)
    assert _sliced().slices == ()


@pytest.mark.parametrize("pair", [("user_rung", "genre"), ("country", "country"), ("x", "country")])
def test_other_pairs_are_refused(pair: tuple[str, str]) -> None:
    said = rf"pairs of two columns .*Received: \['{pair[0]}', '{pair[1]}'\]"
    with pytest.raises(ValidationError, match=said):
        _sliced(pair)


@pytest.mark.parametrize("tower", ["retriever", "ranker"])
def test_a_warm_start_needs_rows_that_are_held_out_by_time(tower: str) -> None:
    declared = settings().model_dump() | {tower: {"warm_start": 0.1}}
    assert Settings.model_validate(declared).split.protocol == "time"
    declared |= {"split": {"protocol": "leave_one_out"}}
    with pytest.raises(ValidationError, match=r"held out by time.* `protocol: leave_one_out`"):
        Settings.model_validate(declared)


def test_scores_are_fitted_to_shown_lists_that_are_held_out_by_time() -> None:
    declared = settings().model_dump() | {"recommender": {"calibration": "shown"}}
    assert Settings.model_validate(declared).recommender.calibration == "shown"
    declared |= {"split": {"protocol": "leave_one_out"}}
    with pytest.raises(ValidationError, match=r"periods of time.* `protocol: leave_one_out`"):
        Settings.model_validate(declared)


def test_whether_held_out_lists_are_rows_is_said_of_the_scores() -> None:
    told = settings().model_dump() | {"examples": {"shown_held_out": True}}
    with pytest.raises(ValidationError, match=r"Set `recommender: \{calibration: shown\}`"):
        Settings.model_validate(told)
