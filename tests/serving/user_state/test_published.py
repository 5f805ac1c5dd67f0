"""Published states go into a store, which goes on with them."""

import polars as pl
import pytest

from serving.user_state.live import LiveEvent
from serving.user_state.published import Imported, import_states, popular_items
from serving.user_state.queries import user_query
from serving.user_state.record import UserRecord
from serving.user_state.store import record_event
from serving.user_store import UserStore, UserStoreError
from transform.published_fold import FOLD_FILE, PublishedFold
from transform.state import EMPTY, Event, apply
from transform.windows import UserWindow

VIEWS = UserWindow("views_1d", 86_400, "view")
LIKED = UserWindow("liked_1d", 86_400, "view", by="genre")
FOLD = PublishedFold(windows=(VIEWS, LIKED), shop_values={"shop_views": 7.0}, max_history=4)
DAY = 20_000 * 86_400


def event(item, minute, kind="view"):
    return Event(item, kind, DAY + 60 * minute, (("genre", f"genre of {item}"),))


def fold(events, settings=FOLD.settings):
    state = EMPTY
    for one in events:
        state = apply(state, one, settings)
    return state


def cells(state):
    return [
        {
            "hop": hop,
            "number": tile.number,
            "event_type": kind,
            "feature": feature,
            "category": category,
            "count": count,
        }
        for hop, tiles in state.tiles.items()
        for tile in tiles
        for (kind, feature), counts in tile.counts.items()
        for category, count in counts.items()
    ]


@pytest.fixture
def publish(tmp_path):
    """Writes states as the pipeline does: user -> (events, features)."""

    def write(users, published=FOLD, settings=None):
        states = [fold(events, settings or published.settings) for events, _ in users.values()]
        columns = {
            "user_id": list(users),
            "history_item_id": [[e.item_id for e in s.events] for s in states],
            "history_event_type": [[e.event_type for e in s.events] for s in states],
            "history_time": [[e.event_time for e in s.events] for s in states],
            "age": [features.get("age") for _, features in users.values()],
            "tiles": [cells(s) for s in states],
        }
        lists = {"history_item_id": pl.String, "history_event_type": pl.String}
        schema = {name: pl.List(kind) for name, kind in lists.items()}
        path = tmp_path / "users.parquet"
        frame = pl.DataFrame(
            columns,
            schema_overrides={**schema, "history_time": pl.List(pl.Int64), "age": pl.Float64},
        )
        frame.write_parquet(path)
        (tmp_path / FOLD_FILE).write_text(published.model_dump_json())
        return path

    return write


BEFORE = [event(item, minute) for minute, item in enumerate("abcab")]
AFTER = [event("d", 10), event("a", 1_000), event("e", 1_500, "impression"), event("b", 1_600)]


def test_the_store_goes_on_where_the_pipeline_ended(publish, store):
    path = publish({"ann": (BEFORE, {"age": 30.0}), "bob": ([], {})})
    assert import_states(path, store) == Imported(users=2, written=2, ahead=0)
    for number, live in enumerate(AFTER, start=2):
        assert record_event(store, "ann", live) == number
    [ann, bob], publication = store.read(["ann", "bob"])
    assert ann == UserRecord(5, fold(BEFORE + AFTER), {"age": 30.0})
    assert bob == UserRecord(1)
    assert publication.settings == FOLD.settings
    assert publication.popular_item_id == ("a", "b", "c")


def test_a_query_is_that_of_the_published_file(publish, store):
    path = publish({"ann": (BEFORE, {"age": 30.0})})
    import_states(path, store)
    for at in (DAY, DAY + 130, DAY + 86_400, DAY + 90_000):
        [ann], publication = store.read(["ann"])
        assert user_query("ann", ann, publication, at) == UserStore.open(path).query("ann", at)


def test_context_wins_over_the_user_and_exclusions_are_passed_on(publish, store):
    import_states(publish({"ann": (BEFORE, {"age": 30.0})}), store)
    [ann], publication = store.read(["ann"])
    context = {"age": 31.0, "device": "phone"}
    query = user_query("ann", ann, publication, DAY + 90, context, ["x", "y"])
    assert query.exclude_item_id == ("x", "y")
    assert query.history_item_id == ("b",)  # the fold keeps four, the last three come later
    assert query.features == {"age": 31.0, "device": "phone", "shop_views": 7.0, "views_1d": 5.0}
    assert query.category_values["liked_1d"]["genre of a"] == 2.0


def test_the_same_publication_twice_changes_nothing(publish, store):
    path = publish({"ann": (BEFORE, {"age": 30.0}), "bob": ([], {})})
    import_states(path, store)
    assert import_states(path, store) == Imported(users=2, written=0, ahead=0)
    assert [record.version for record in store.read(["ann", "bob"])[0]] == [1, 1]


def test_what_the_stream_feeds_stays_as_it_is(publish, store):
    import_states(publish({"ann": (BEFORE[:3], {"age": 30.0}), "bob": ([], {})}), store)
    store.append({"ann": [LiveEvent("e", (BEFORE[3],))]})
    path = publish({"ann": (BEFORE, {"age": 31.0}), "bob": (BEFORE, {})})  # the log is ahead
    assert import_states(path, store) == Imported(users=2, written=2, ahead=1)
    store.append({"ann": [LiveEvent("e", (BEFORE[3],)), LiveEvent("f", (BEFORE[4],))]})
    [ann, bob], _ = store.read(["ann", "bob"])
    assert ann.state == bob.state == fold(BEFORE)
    assert ann.features == {"age": 31.0}


@pytest.mark.parametrize("live", [AFTER, AFTER[2:3]], ids=["deeds", "an impression"])
def test_live_events_outlive_the_next_publication(publish, store, live):
    fold_ = FOLD.model_copy(
        update={"windows": (*FOLD.windows, UserWindow("shown", 3600, "impression"))}
    )
    import_states(publish({"ann": (BEFORE, {"age": 30.0})}, fold_), store)
    for one in live:
        record_event(store, "ann", one)
    path = publish({"ann": (BEFORE[:-1], {"age": 31.0})}, fold_)
    assert import_states(path, store) == Imported(users=1, written=1, ahead=1)
    [ann], _ = store.read(["ann"])
    assert ann.state == fold(BEFORE + live, fold_.settings)
    assert ann.features == {"age": 31.0}


def test_a_publication_that_is_ahead_replaces_the_stored_state(publish, store):
    import_states(publish({"ann": (BEFORE[:2], {})}), store)
    record_event(store, "ann", BEFORE[2])
    import_states(publish({"ann": (BEFORE, {})}), store)
    [ann], _ = store.read(["ann"])
    assert ann == UserRecord(3, fold(BEFORE), {})


def test_other_windows_replace_the_counts_and_keep_the_history(publish, store):
    old = FOLD.model_copy(update={"windows": (VIEWS,)})
    import_states(publish({"ann": (BEFORE, {})}, old), store)
    for one in AFTER:
        record_event(store, "ann", one)
    import_states(publish({"ann": (BEFORE, {})}), store)
    [ann], publication = store.read(["ann"])
    assert publication.settings == FOLD.settings
    assert ann.state.events == fold(BEFORE + AFTER).events
    assert ann.state.tiles == fold(BEFORE).tiles


def test_popular_is_what_many_users_had_of_late(publish):
    path = publish(
        {
            "ann": ([event("old", 0), event("a", 50_000), event("a", 50_001)], {}),
            "bob": ([event("old", 1), event("b", 50_000), event("a", 50_002)], {}),
            "eve": ([event("old", 2)], {}),
        }
    )
    assert popular_items(path, 86_400, 10) == ("a", "b")
    assert popular_items(path, 86_400, 1) == ("a",)
    assert popular_items(path, 10**9, 10) == ("old", "a", "b")


def test_a_history_that_is_none_is_told(publish, store):
    path = publish({"ann": (BEFORE, {})})
    frame = pl.read_parquet(path).with_columns(pl.col("history_time").list.reverse())
    frame.write_parquet(path)
    with pytest.raises(UserStoreError, match="must run from the oldest event"):
        import_states(path, store)


def test_who_was_active_before_the_first_import_gets_the_past_all_the_same(publish, store):
    first = LiveEvent("e1", (event("d", 10),))
    store.append({"ann": [first]})
    path = publish({"ann": (BEFORE, {"age": 30.0})})
    assert import_states(path, store) == Imported(users=1, written=1, ahead=1)
    [ann], publication = store.read(["ann"])
    assert [one.item_id for one in ann.state.events] == ["c", "a", "b", "d"]
    assert user_query("ann", ann, publication, DAY + 86_400).features["views_1d"] == 5.0
    import_states(path, store)
    assert store.read(["ann"])[0][0].state == ann.state
