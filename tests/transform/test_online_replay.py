"""Batch equals online: the rows hold what the fold shows when the log is replayed live."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from transform.aggregates import Aggregate, user_windows
from transform.aggregation.user_tiles import load_tiles
from transform.event_log import EventLog
from transform.features import Feature
from transform.rows.build import build_rows
from transform.rows.shop import Shop
from transform.rows.user_states import published_fold, user_states
from transform.settings import ExampleSettings, SplitSettings
from transform.splits import assign_periods
from transform.state import EMPTY, Event, FoldSettings, apply, snapshot

GENRES = {"a": "jazz|folk", "b": "folk", "c": "", "d": "rock"}
GENRE = Feature(name="genre", side="candidate", kind="category", separator="|")
AGGREGATES = (
    Aggregate(name="views", of="user", count="view", window="1d"),
    Aggregate(name="shown", of="user", count="impression", window="7d"),
    Aggregate(name="bought", of="user", rate="buy", per="view", window="12h"),
    Aggregate(name="liked", of="user_category", by="genre", count="view", window="7d"),
    Aggregate(name="shop_views", of="all", count="view", window="1d"),
)
FOLD = FoldSettings(windows=user_windows(AGGREGATES))
SPLIT = SplitSettings(protocol="leave_one_out")
EXAMPLES = ExampleSettings(history_length=3, candidates=3, max_history=4)

# A user has one event a moment, so that a row's time tells which events came before it.
HISTORY = st.dictionaries(
    st.integers(0, 20 * 24).map(lambda hours: hours * 3_600 + 17),
    st.tuples(st.sampled_from(sorted(GENRES)), st.sampled_from(["view", "buy", "impression"])),
    min_size=6,
    max_size=30,
)


def online(history, before):
    """The state of the fold when everything before a moment has happened."""
    state = EMPTY
    for time, (item, kind) in sorted(history.items()):
        if time < before:
            named = tuple(("genre", name) for name in GENRES[item].split("|") if name)
            state = apply(state, Event(item, kind, time, named), FOLD)
    return state


def batch(histories):
    """The histories and what their rows are built from."""
    events = [
        (user, item, time, kind)
        for user, history in histories.items()
        for time, (item, kind) in history.items()
    ]
    columns = ["user_id", "item_id", "event_time", "event_type"]
    frame = pl.DataFrame(events, schema=columns, orient="row")
    log = EventLog.of(frame, impression_type="impression")
    log = log.with_period(assign_periods(log.histories, SPLIT))
    items = pl.DataFrame({"item_id": list(GENRES), "genre": list(GENRES.values())})
    shop = Shop.close(log, (GENRE,), SPLIT, EXAMPLES, 3, AGGREGATES, items)
    return log.histories, shop


@given(st.lists(HISTORY, min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_rows_hold_what_the_fold_shows(found):
    histories = {f"u{number}": history for number, history in enumerate(found)}
    for split, rows in build_rows(*batch(histories)).items():
        if split == "train":
            assert not {aggregate.name for aggregate in AGGREGATES} & set(rows.schema.names)
            continue
        for row in rows.to_pylist():
            at = row["request_time"][0]
            state = online(histories[row["user_id"][0].decode()], at)
            shown = snapshot(state, at, settings=FOLD)
            assert {name: row[name][0] for name in shown["values"]} == shown["values"]
            liked = shown["category_values"]["liked"]
            assert [name.decode() for name in row["liked_key"]] == list(liked)
            assert row["liked_value"] == list(liked.values())
            of_candidates = [
                max(liked.get(name, 0.0) for name in GENRES[item.decode()].split("|"))
                for item in row["candidate_item_id"]
            ]
            assert row["liked"] == of_candidates


@given(st.lists(HISTORY, min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_published_states_are_those_of_the_fold(found):
    histories = {f"u{number}": history for number, history in enumerate(found)}
    states = user_states(*batch(histories))
    for row in states.iter_rows(named=True):
        state = online(histories[row["user_id"]], 10**9)
        assert load_tiles(row["tiles"]) == state.tiles
        kept = [event.item_id for event in state.events[-EXAMPLES.max_history :]]
        assert row["history_item_id"] == kept


def test_the_published_fold_names_its_windows_and_the_values_of_the_shop():
    day = 86_400
    history = {n * day: ("a", "view") for n in range(6)}  # the first four are training events
    _, shop = batch({"u": history, "v": history})
    fold = published_fold(shop, 4 * day + 10)
    assert fold.windows == FOLD.windows
    assert fold.shop_values == {"shop_views": 2.0}
    assert fold.settings == FOLD._replace(max_history=EXAMPLES.max_history)
