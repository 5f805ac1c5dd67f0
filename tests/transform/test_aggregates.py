"""Declared aggregates, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from transform.aggregates import Aggregate, Of, aggregates_of, parse_aggregates, user_windows
from transform.windows import UserWindow

DECLARED: list[dict[str, Any]] = [
    {"name": "views_7d", "of": "user", "count": "view", "window": "7d"},
    {"name": "buy_rate_12h", "of": "user", "rate": "buy", "per": "view", "window": "12h"},
    {
        "name": "category_views_28d",
        "of": "user_category",
        "by": "category",
        "count": "view",
        "window": "28d",
    },
    {"name": "item_ctr_28d", "of": "item", "rate": "click", "per": "impression", "window": "28d"},
    {"name": "item_trend_7d", "of": "item", "trend": "view", "window": "7d"},
    {"name": "item_age_days", "of": "item", "age": True},
    {"name": "all_views_1d", "of": "all", "count": "view", "window": "1d"},
]


def test_aggregates_survive_their_json() -> None:
    aggregates = parse_aggregates(json.dumps(DECLARED))
    text = json.dumps([aggregate.model_dump(mode="json") for aggregate in aggregates])
    assert parse_aggregates(text) == aggregates
    assert [a.name for a in aggregates_of(aggregates, Of.ITEM, Of.ALL)] == [
        "item_ctr_28d",
        "item_trend_7d",
        "item_age_days",
        "all_views_1d",
    ]


def test_the_fold_gets_the_windows_of_the_user() -> None:
    assert user_windows(parse_aggregates(json.dumps(DECLARED))) == (
        UserWindow("views_7d", 604_800, "view"),
        UserWindow("buy_rate_12h", 43_200, "buy", per="view"),
        UserWindow("category_views_28d", 2_419_200, "view", by="category"),
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"count": None}, "exactly one of count, rate, trend and age. Received: none for 'n'"),
        ({"trend": "view"}, "exactly one of count, rate, trend and age. Received: count, trend"),
        ({"per": "view"}, "must have both `rate` and `per`. Received: rate None, per 'view'"),
        ({"count": None, "rate": "buy"}, "Received: rate 'buy', per None"),
        ({"window": None}, "must have a window, an age none. Received: window None for 'n'"),
        ({"of": "item", "count": None, "age": True}, "an age none. Received: window '7d'"),
        ({"of": "item", "window": "25h"}, "must be whole days, because its tiles"),
        ({"of": "all", "window": "1h"}, "Received: '1h' for 'n'"),
        ({"count": None, "trend": "view"}, "must be one of items. Received: of user"),
        ({"of": "user_category"}, "`by` must be given for `of: user_category`"),
        ({"by": "category"}, "and only there. Received: of user, by 'category'"),
        ({"window": "0d"}, "should match pattern"),
        ({"window": "7w"}, "should match pattern"),
        ({"name": "Views"}, "should match pattern"),
        ({"count": ""}, "at least 1 character"),
        ({"of": "session"}, "Input should be 'user', 'user_category', 'item' or 'all'"),
    ],
)
def test_what_is_no_aggregate_is_refused(change: dict[str, Any], said: str) -> None:
    sound = {"name": "n", "of": "user", "count": "view", "window": "7d"}
    Aggregate.model_validate(sound)
    with pytest.raises(ValidationError) as refused:
        Aggregate.model_validate(sound | change)
    assert said in str(refused.value)


def test_hours_that_make_whole_days_are_days() -> None:
    assert Aggregate(name="n", of=Of.ITEM, count="view", window="48h").days == 2
