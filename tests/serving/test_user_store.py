"""Reading histories and features of users from Parquet."""

from __future__ import annotations

import time

import polars as pl
import pytest

from serving.query import Query
from serving.user_store import UserStore, UserStoreError
from transform.published_fold import FOLD_FILE, PublishedFold
from transform.windows import UserWindow


def table(**columns):
    return pl.DataFrame(
        {
            "user_id": ["ann", "bob", "eve"],
            "history_item_id": [["a", "b"], [], ["c"]],
            "history_event_type": [["view", "click"], [], ["view"]],
            "history_time": [[10, 20], [], [30]],
            "age": [30.0, None, 41.0],
            "city": ["Rome", "Oslo", None],
            **columns,
        },
        schema_overrides={
            "history_item_id": pl.List(pl.String),
            "history_event_type": pl.List(pl.String),
            "history_time": pl.List(pl.Int64),
        },
    )


@pytest.fixture
def write(tmp_path):
    def to(frame):
        path = tmp_path / "users.parquet"
        frame.write_parquet(path)
        return path

    return to


def test_a_user_comes_with_history_and_features(write):
    store = UserStore.open(write(table()))
    assert store.features == ("age", "city")
    assert store.query("ann", 100) == Query(
        user_id="ann",
        request_time=100,
        history_item_id=("a", "b"),
        history_event_type=("view", "click"),
        history_time=(10, 20),
        features={"age": 30.0, "city": "Rome"},
    )


def test_missing_values_are_left_out(write):
    store = UserStore.open(write(table()))
    assert store.query("bob", 100) == Query("bob", 100, features={"city": "Oslo"})


def test_an_unknown_user_is_a_cold_start(write):
    assert UserStore.open(write(table())).query("nobody", 7) == Query("nobody", 7)


def test_users_come_in_the_order_asked_and_as_often(write):
    asked = ["eve", "nobody", "ann", "eve"]
    queries = UserStore.open(write(table())).queries(asked, 100)
    assert [query.user_id for query in queries] == asked
    assert queries[0] == queries[3]
    assert UserStore.open(write(table())).queries([], 100) == []


@pytest.mark.parametrize(("at", "items"), [(9, ()), (10, ("a",)), (19, ("a",)), (20, ("a", "b"))])
def test_a_replay_of_the_past_does_not_see_later_events(write, at, items):
    assert UserStore.open(write(table())).query("ann", at).history_item_id == items


def test_without_a_time_the_request_is_made_now(write):
    before = int(time.time())
    assert before <= UserStore.open(write(table())).query("ann").request_time <= time.time()


def test_a_store_without_features_is_fine(write):
    store = UserStore.open(write(table().drop("age", "city")))
    assert store.query("ann", 100).features == {}


def test_the_file_is_read_anew_for_each_question(write):
    path = write(table())
    store = UserStore.open(path)
    write(table(age=[31.0, None, 41.0]))
    assert store.query("ann", 100).features["age"] == 31.0


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UserStoreError, match=r"there is none at .*none\.parquet"):
        UserStore.open(tmp_path / "none.parquet")


@pytest.mark.parametrize("keep", [0, 10, 500])
def test_a_truncated_file_is_told(write, keep):
    path = write(table())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserStoreError, match=r"cannot be read as Parquet: .* write it again"):
        UserStore.open(path)


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (table().drop("history_time"), r"'history_time' .* must be List\(Int64\); .* is missing"),
        (table(user_id=[1, 2, 3]), "'user_id' of a user store must be String; .* it is Int64"),
        (
            table().with_columns(pl.col("history_time").cast(pl.List(pl.Float64))),
            r"must be List\(Int64\); in .* it is List\(Float64\)",
        ),
    ],
)
def test_a_wrong_schema_is_told(write, frame, text):
    with pytest.raises(UserStoreError, match=text):
        UserStore.open(write(frame))


def test_a_user_twice_is_told(write):
    store = UserStore.open(write(table(user_id=["ann", "ann", "eve"])))
    assert store.query("eve", 100).history_item_id == ("c",)
    with pytest.raises(UserStoreError, match="must hold a user once, it holds 'ann' twice"):
        store.query("ann", 100)


def test_a_history_that_is_none_is_told(write):
    store = UserStore.open(write(table(history_time=[[20, 10], [], [30]])))
    with pytest.raises(UserStoreError, match=r"users\.parquet: a history must run from the oldest"):
        store.query("ann", 100)


def test_a_folder_of_files_is_one_store(tmp_path):
    folder = tmp_path / "users.parquet"
    folder.mkdir()
    for part in range(3):
        table()[part : part + 1].write_parquet(folder / f"part-{part}.parquet")
    queries = UserStore.open(folder).queries(["eve", "ann"], 100)
    assert [query.history_item_id for query in queries] == [("c",), ("a", "b")]


def cell(number, event_type, category, count):
    feature = "genre" if category else ""
    return {
        "hop": 60,
        "number": number,
        "event_type": event_type,
        "feature": feature,
        "category": category,
        "count": count,
    }


FOLD = PublishedFold(
    windows=(
        UserWindow("views_1h", 3600, "view"),
        UserWindow("liked_1h", 3600, "view", by="genre"),
    ),
    shop_values={"shop_views_1d": 7.0},
)


@pytest.fixture
def folded(write):
    """A store with aggregates: ann viewed jazz twice in minute 0, something in minute 10."""
    cells = [cell(0, "view", "", 2), cell(0, "view", "jazz", 2), cell(10, "view", "", 1)]
    path = write(table(tiles=[cells, [], []]))
    path.with_name(FOLD_FILE).write_text(FOLD.model_dump_json())
    return UserStore.open(path)


@pytest.mark.parametrize(
    ("at", "views", "liked"),
    [(30, 2.0, {"jazz": 2.0}), (3_600, 3.0, {"jazz": 2.0}), (3_660, 1.0, {}), (9_000, 0.0, {})],
)
def test_aggregates_are_those_of_the_moment_asked_for(folded, at, views, liked):
    query = folded.query("ann", at)
    assert query.features == {"age": 30.0, "city": "Rome", "shop_views_1d": 7.0, "views_1h": views}
    assert query.category_values == {"liked_1h": liked}


def test_a_newcomer_has_zeros_and_the_values_of_the_shop(folded):
    query = folded.query("nobody", 100)
    assert query.features == {"shop_views_1d": 7.0, "views_1h": 0.0}
    assert query.category_values == {"liked_1h": {}}


def test_a_damaged_description_of_the_fold_is_told(write):
    path = write(table())
    path.with_name(FOLD_FILE).write_text("{")
    with pytest.raises(UserStoreError, match="must say how the states were folded"):
        UserStore.open(path)
