"""Column names as people spell them."""

import pytest

from pipeline.starter.names import feature_name, find, snake_case


@pytest.mark.parametrize(
    ("column", "ours"),
    [
        ("userId", "user_id"),
        ("uid", "user_id"),
        ("Customer ID", "user_id"),
        ("CustomerID", "user_id"),
        ("visitorid", "user_id"),
        ("movieId", "item_id"),
        ("product_id", "item_id"),
        ("parent_asin", "item_id"),
        ("timestamp", "event_time"),
        ("ts", "event_time"),
        ("Date", "event_time"),
        ("t_dat", "event_time"),
        ("event", "event_type"),
        ("behavior_type", "event_type"),
        ("EventID", "event_id"),
        ("searchId", "request_id"),
        ("rank", "position"),
        ("validFrom", "valid_from"),
    ],
)
def test_usual_names_are_recognised(column, ours):
    assert find(ours, ["other", column, "rating"]) == column


def test_the_likeliest_name_wins():
    assert find("item_id", ["sku", "product_id", "name"]) == "product_id"
    assert find("event_time", ["date", "created_at"]) == "created_at"


def test_what_is_not_known_is_not_guessed():
    assert find("user_id", ["who", "what", "rating"]) is None


@pytest.mark.parametrize(
    ("column", "name"),
    [("Release Year", "release_year"), ("price(USD)", "price_usd"), ("HTMLTitle", "htmltitle")],
)
def test_snake_case(column, name):
    assert snake_case(column) == name


def test_feature_names_are_legal_and_free():
    assert feature_name("Brand", set(), "item") == "brand"
    assert feature_name("2nd price", set(), "item") == "item_2nd_price"
    assert feature_name("émotion", set(), "item") == "motion"
    assert feature_name("country", {"country"}, "user") == "user_country"
    assert feature_name("country", {"country", "user_country"}, "user") == "user_country_2"
    assert feature_name("label", {"label"}, "item") == "item_label"
