"""The columnar windowed counts, held bit-equal to the fold."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from transform.aggregation.categories import Categories
from transform.aggregation.user_aggregates import EventColumns, Moments, UserAggregates
from transform.state import EMPTY, Event, FoldSettings, apply, snapshot
from transform.windows import UserWindow

HOUR, DAY = 3_600, 86_400
GENRES = {"a": "jazz|folk", "b": "folk", "c": "", "d": "rock|jazz|rock"}
ITEMS = sorted(GENRES)
TYPES = ["buy", "impression", "view"]
WINDOWS = (
    UserWindow("views_1h", HOUR, "view"),
    UserWindow("views_7d", 7 * DAY, "view"),
    UserWindow("shown_1d", DAY, "impression"),
    UserWindow("never_1d", DAY, "refund"),
    UserWindow("bought_1d", DAY, "buy", per="view"),
    UserWindow("genre_views_1h", HOUR, "view", by="genre"),
    UserWindow("genre_bought_7d", 7 * DAY, "buy", per="view", by="genre"),
    UserWindow("genre_never_1d", DAY, "refund", per="view", by="genre"),
)
FOLD = FoldSettings(windows=WINDOWS)
CATEGORIES = {"genre": Categories.of(pl.Series([GENRES[item] for item in ITEMS]), "|")}


def event(item, event_type, event_time):
    named = sorted({name for name in GENRES[item].split("|") if name})
    return Event(item, event_type, event_time, tuple(("genre", name) for name in named))


# Times around the edges of hops and windows, with ties.
TIMES = st.one_of(st.integers(-10, 10), st.integers(HOUR - 70, HOUR + 70), st.integers(0, 10 * DAY))
EVENTS = st.lists(
    st.builds(event, st.sampled_from(ITEMS), st.sampled_from(TYPES), TIMES), max_size=25
)


def columns(histories):
    events = [known for history in histories for known in history]
    counts = [len(history) for history in histories]
    return EventColumns(
        offsets=np.cumsum([0, *counts]),
        item=np.array([ITEMS.index(known.item_id) for known in events], np.int64),
        type=np.array([TYPES.index(known.event_type) for known in events], np.int64),
        time=np.array([known.event_time for known in events], np.int64),
    )


def fold(events):
    state = EMPTY
    for known in events:
        state = apply(state, known, FOLD)
    return state


def requests(histories, later):
    """A request at every event, and one after the last of every user."""
    rows = []
    first = 0
    for user, history in enumerate(histories):
        for place, known in enumerate(history):
            rows.append((user, first + place, known.event_time, history[:place]))
        end = max((known.event_time for known in history), default=0) + later
        rows.append((user, first + len(history), end, history))
        first += len(history)
    user, position, time, seen = zip(*rows, strict=True)
    ints = (np.array(part, np.int64) for part in (user, position, time))
    return Moments(*ints), seen


@given(
    st.lists(EVENTS, min_size=1, max_size=4),
    st.integers(0, 2 * DAY),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=40)
def test_the_columnar_form_equals_the_fold_however_late_events_arrive(arrived, later, random):
    histories = [sorted(events, key=lambda known: known.event_time) for events in arrived]
    moments, seen = requests(histories, later)
    columnar = UserAggregates(WINDOWS, columns(histories), TYPES, CATEGORIES)
    of_user, of_category = columnar.user_values(moments), columnar.category_values(moments)
    row = np.repeat(np.arange(len(seen)), len(ITEMS))
    item = np.tile(np.arange(len(ITEMS)), len(seen))
    of_candidate = {name: v.of_candidates(row, item) for name, v in of_category.items()}
    names = CATEGORIES["genre"].names
    ends = {name: np.cumsum(values.counts) for name, values in of_category.items()}
    for request, events in enumerate(seen):
        state = fold(random.sample(events, len(events)))
        shown = snapshot(state, at=int(moments.time[request]), settings=FOLD)
        assert {n: float(v[request]) for n, v in of_user.items()} == shown["values"]
        for name, values in of_category.items():
            own = slice(ends[name][request] - values.counts[request], ends[name][request])
            pairs = zip(names.gather(values.category[own]), values.value[own].tolist(), strict=True)
            assert list(pairs) == list(shown["category_values"][name].items())
        for place, candidate in enumerate(ITEMS):
            for name, values in of_candidate.items():
                known = shown["category_values"][name]
                largest = max(known.get(genre, 0.0) for genre in GENRES[candidate].split("|"))
                assert float(values[request * len(ITEMS) + place]) == largest


def test_a_request_does_not_see_its_own_event_nor_those_of_other_users():
    histories = [[event("a", "view", 100)] * 3, [event("a", "view", 100)]]
    moments = Moments(np.array([0, 0, 1, 1]), np.array([0, 2, 3, 4]), np.full(4, 100))
    columnar = UserAggregates(WINDOWS[:1], columns(histories), TYPES, {})
    assert columnar.user_values(moments)["views_1h"].tolist() == [0.0, 2.0, 0.0, 1.0]
    assert columnar.user_values(moments)["views_1h"].dtype == np.float32


def test_nothing_asked_of_nobody():
    nobody = columns([])
    nothing = Moments(*(np.empty(0, np.int64) for _ in range(3)))
    columnar = UserAggregates(WINDOWS, nobody, TYPES, CATEGORIES)
    assert all(len(values) == 0 for values in columnar.user_values(nothing).values())
    assert all(len(v.counts) == 0 for v in columnar.category_values(nothing).values())
