"""The peer's dense tiles give the values of the plain definition."""

from collections import Counter
from itertools import accumulate

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.data.job import DAY, Aggregate
from benchmarks.data.spark.tiles import Tiles
from benchmarks.data.user_rows import item_value

TYPES = ["click", "view"]
AGGREGATES = [
    Aggregate("views", "item", "view", None, 3),
    Aggregate("rate", "item", "click", "view", 2),
]
EVENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(TYPES), st.integers(100, 108)), min_size=1
)


@given(events=EVENTS, asked=st.lists(st.tuples(st.sampled_from("abcx"), st.integers(95, 115))))
def test_every_window_of_every_item_and_day(events, asked):
    counts = sorted(Counter(events).items())
    table = pa.table(
        {
            "item_id": [item for (item, _, _), _ in counts],
            "event_type": [kind for (_, kind, _), _ in counts],
            "day": pa.array([day for (_, _, day), _ in counts], pa.int64()),
            "events": pa.array([count for _, count in counts], pa.int64()),
        }
    )
    trained = pa.table({"item_id": table["item_id"][:1], "events": pa.array([4], pa.int64())})
    tiles = Tiles.of(table, trained, set(TYPES))
    plain = {}
    for key in {(item, kind) for item, kind, _ in events}:
        days = sorted(day for (item, kind, day), _ in counts if (item, kind) == key)
        plain[key] = days, [*accumulate(dict(counts)[*key, day] for day in days)]
    code = tiles.codes(pa.array([item for item, _ in asked], pa.string()))
    time = np.array([day * DAY + 5 for _, day in asked], np.int64)
    for aggregate in AGGREGATES:
        expected = [item_value(aggregate, plain, item, day) for item, day in asked]
        assert tiles.values(aggregate, code, time).tolist() == expected
    assert tiles.trained[tiles.codes(table["item_id"])[0]] == 4
