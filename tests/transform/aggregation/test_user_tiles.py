"""The column of tiles, held equal to the fold."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transform.aggregation.test_user_aggregates import (
    CATEGORIES,
    EVENTS,
    TYPES,
    WINDOWS,
    columns,
    fold,
)
from transform.aggregation.user_tiles import load_tiles, user_tiles


@given(st.lists(EVENTS, max_size=4))
@settings(deadline=None, max_examples=40)
def test_the_column_equals_the_fold(arrived):
    histories = [sorted(events, key=lambda known: known.event_time) for events in arrived]
    cells = user_tiles(WINDOWS, columns(histories), TYPES, CATEGORIES)
    assert [load_tiles(row) for row in cells.to_list()] == [fold(h).tiles for h in histories]


def test_without_windows_there_are_no_tiles():
    assert user_tiles((), columns([[], []]), TYPES, {}).to_list() == [[], []]
