"""Which column is which: the names that logs use for users, items, times and event types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# Our column -> what others call it, the likeliest first. Compared in snake case.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "user_id": (
        *("user_id", "userid", "user", "uid", "customer_id", "customerid", "customer", "cust_id"),
        *("client_id", "clientid", "client", "member_id", "visitor_id", "visitorid", "account_id"),
        *("reviewer_id", "reviewerid", "buyer_id", "person_id", "profile_id", "reader_id", "msno"),
    ),
    "item_id": (
        *("item_id", "itemid", "item", "iid", "product_id", "productid", "product", "movie_id"),
        *("movieid", "film_id", "article_id", "articleid", "aid", "parent_asin", "asin", "sku"),
        *(
            "book_id",
            "isbn",
            "track_id",
            "song_id",
            "video_id",
            "content_id",
            "news_id",
            "offer_id",
        ),
        *("listing_id", "business_id", "game_id", "app_id", "recipe_id", "anime_id", "artist_id"),
        *("post_id", "document_id", "doc_id", "page_id", "course_id", "job_id"),
    ),
    "event_time": (
        *("event_time", "timestamp", "event_timestamp", "time", "ts", "datetime", "date_time"),
        *("created_at", "created", "unix_time", "unixtime", "unix_review_time", "event_date"),
        *("date", "t_dat", "purchase_date", "order_date", "review_time", "rated_at", "viewed_at"),
        *("dt", "ds", "day"),
    ),
    "event_type": (
        *("event_type", "eventtype", "event", "event_name", "action", "action_type", "behavior"),
        *("behaviour", "behavior_type", "interaction_type", "interaction", "activity", "type"),
    ),
    "event_id": ("event_id", "eventid", "event_uuid", "event_guid", "message_id", "insert_id"),
    "request_id": (
        *("request_id", "requestid", "slate_id", "list_id", "impression_list_id", "search_id"),
        *("srch_id", "query_id", "page_view_id", "pageview_id", "recommendation_id"),
    ),
    "position": ("position", "pos", "rank", "slot", "display_position", "list_position"),
    "valid_from": ("valid_from", "validfrom", "effective_from", "valid_since"),
    "available_from": (
        *("available_from", "availablefrom", "available_since", "available_at", "available_on"),
        *("on_sale_from", "publish_from", "published_from", "start_of_sale", "active_from"),
    ),
    "available_to": (
        *("available_to", "availableto", "available_until", "available_till", "unavailable_from"),
        *("on_sale_to", "on_sale_until", "publish_to", "publish_until", "unpublished_at"),
        *("end_of_sale", "active_to", "active_until", "delisted_at", "discontinued_at"),
    ),
}


def snake_case(name: str) -> str:
    """A column name in lower case with underscores.

    >>> snake_case("movieId"), snake_case("Product Name"), snake_case("userID")
    ('movie_id', 'product_name', 'user_id')
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", parted.lower()).strip("_")


def find(ours: str, names: Iterable[str]) -> str | None:
    """The column that most likely holds what we call `ours`."""
    spelled: dict[str, str] = {}
    for name in names:
        spelled.setdefault(snake_case(name), name)
    return next((spelled[s] for s in SYNONYMS[ours] if s in spelled), None)


def feature_name(column: str, taken: Mapping[str, object] | set[str], prefix: str) -> str:
    """A legal, free feature name for a column."""
    name = snake_case(column)
    if not name or not name[0].isalpha():
        name = f"{prefix}_{name}".strip("_")
    if name in taken:
        name = f"{prefix}_{name}"
    base, number = name, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name
