"""The batch side: the states and counts that the project's own event reader and batch fold give."""

from collections import Counter
from pathlib import Path

import polars as pl

from serving.user_state.record import Publication
from tests.transform.whole_log import read_events
from transform.aggregates import Aggregate, user_windows
from transform.aggregation.user_tiles import load_tiles
from transform.event_log import EventLog
from transform.features import Feature
from transform.rows.shop import Shop
from transform.rows.user_states import user_states
from transform.settings import DataSettings, ExampleSettings, SplitSettings, Table
from transform.splits import assign_periods
from transform.state import Event, FoldSettings, UserState

GENRES = {"a": "jazz|folk", "b": "folk", "c": "", "d": "rock"}
GENRE = Feature(name="genre", side="candidate", kind="category", separator="|")
DEVICE = Feature(name="device", side="context", kind="category")
AGGREGATES = (
    Aggregate(name="views", of="user", count="view", window="1d"),
    Aggregate(name="shown", of="user", count="impression", window="7d"),
    Aggregate(name="bought", of="user", rate="buy", per="view", window="12h"),
    Aggregate(name="liked", of="user_category", by="genre", count="view", window="7d"),
)
SPLIT = SplitSettings(protocol="leave_one_out")
EXAMPLES = ExampleSettings(history_length=3, candidates=3, max_history=4)
PUBLICATION = Publication(
    FoldSettings(max_history=EXAMPLES.max_history, windows=user_windows(AGGREGATES))
)
CATEGORIES = {
    item: tuple(("genre", genre) for genre in genres.split("|") if genre)
    for item, genres in GENRES.items()
}


def events_of(log: Path, now: float) -> pl.DataFrame:
    """The log as EventExampleGen reads it: every event once, and nothing rejected."""
    table = Table(path=f"{log}/dt=*", text_ids=True)
    found = read_events(DataSettings(events=table), (DEVICE,), now=now)
    assert not len(found.dead_letters)
    return found.frame


def states_of(events: pl.DataFrame) -> dict[str, UserState]:
    """What the pipeline would publish of every user."""
    log = EventLog.of(events, impression_type="impression")
    log = log.with_period(assign_periods(log.histories, SPLIT))
    items = pl.DataFrame({"item_id": list(GENRES), "genre": list(GENRES.values())})
    shop = Shop.close(log, (GENRE,), SPLIT, EXAMPLES, 3, AGGREGATES, items)
    states = {}
    for row in user_states(log.histories, shop).iter_rows(named=True):
        columns = (row[f"history_{name}"] for name in ("item_id", "event_type", "time"))
        states[row["user_id"]] = UserState(tuple(map(Event, *columns)), load_tiles(row["tiles"]))
    return states


def counts_of(events: pl.DataFrame) -> Counter:
    """Events by day, type and item."""
    day = (events["event_time"] // 86_400).to_list()
    return Counter(zip(day, events["event_type"], events["item_id"], strict=True))
