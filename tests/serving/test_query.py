"""Queries that are right, and those that are refused."""

import subprocess
import sys

import pytest

from serving.query import Query
from transform import features


def test_a_cold_start_is_an_ordinary_query():
    query = Query("nobody", 1_700_000_000)
    assert query.history_item_id == ()
    assert query.features == {}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"history_time": (1,)}, r"must have one length, received \[2, 2, 1\] for user 'u'"),
        ({"history_time": (9, 8)}, "from the oldest event to the newest; that of user 'u' does"),
        ({"history_time": (1, 1_700_000_000_000)}, "unix seconds, received 1700000000000"),
        ({"request_time": 1_700_000_000_000}, "Divide milliseconds by 1000"),
    ],
)
def test_a_wrong_history_is_refused(change, text):
    right = {
        "user_id": "u",
        "request_time": 1_700_000_000,
        "history_item_id": ("a", "b"),
        "history_event_type": ("view", "view"),
        "history_time": (8, 9),
    }
    Query(**right)
    with pytest.raises(ValueError, match=text):
        Query(**{**right, **change})


def test_the_fields_are_the_names_of_the_serving_contract():
    contract = {
        features.USER_ID,
        features.HISTORY_ITEM_ID,
        features.HISTORY_EVENT_TYPE,
        features.HISTORY_TIME,
        features.EXCLUDE_ITEM_ID,
        features.REQUEST_TIME,
    }
    assert set(Query.__dataclass_fields__) == contract | {"features", "category_values"}


def test_queries_and_the_user_store_need_no_tensorflow():
    program = (
        "import sys, serving.query, serving.user_store; assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
