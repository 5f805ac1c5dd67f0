"""Partitions, planned from counts alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transform.job.partitions import plan_partitions
from transform.job.shuffle import BIN_SHIFT, BINS, Part, WatchedUser


def part(name, counts, watched=()):
    events = np.zeros(BINS, np.int32)
    for place, count in counts.items():
        events[place] = count
    return Part(name, events, (events > 0).astype(np.int32), tuple(watched))


def heavy(place, events, times):
    return WatchedUser("heavy", place << int(BIN_SHIFT), events, tuple(times))


COUNTS = st.dictionaries(st.integers(0, BINS - 1), st.integers(1, 30), min_size=1, max_size=40)


@given(st.lists(COUNTS, min_size=1, max_size=4), st.integers(10, 60))
def test_every_event_is_in_one_partition_of_about_the_size(counts, size):
    parts = [part(f"p{n}", each) for n, each in enumerate(counts)]
    partitions = plan_partitions(parts, size)
    covered = {name: [] for name in (f"p{n}" for n in range(len(parts)))}
    for partition in partitions:
        for piece in partition.slices:
            covered[piece.part].append(piece.events)
    for each in parts:
        ranges = sorted(covered[each.name])
        assert [start for start, _ in ranges] == [0, *(stop for _, stop in ranges[:-1])]
        assert ranges[-1][1] == each.events.sum()
    largest = max(sum(each.get(place, 0) for each in counts) for place in range(BINS))
    for partition in partitions:
        events = sum(stop - start for start, stop in (s.events for s in partition.slices))
        assert events <= size + largest


def test_users_lie_where_their_events_do():
    parts = [part("one", {3: 10, 9: 10}), part("other", {9: 5, 11: 5})]
    first, second = plan_partitions(parts, 20)
    assert [(s.part, s.events, s.users) for s in first.slices] == [
        ("one", (0, 20), (0, 2)),
        ("other", (0, 5), (0, 1)),
    ]
    assert [(s.part, s.events, s.users) for s in second.slices] == [("other", (5, 10), (1, 2))]


def test_a_heavy_user_is_divided_by_time_and_left_out_elsewhere():
    watched = heavy(7, 1000, range(0, 6400, 100))
    partitions = plan_partitions([part("p", {7: 1020, 8: 80}, [watched])], 250)
    (rest,) = [partition for partition in partitions if partition.user is None]
    assert rest.without == ("heavy",)
    pieces = [partition for partition in partitions if partition.user == "heavy"]
    assert [piece.pieces for piece in pieces] == [(1, 6)] * 6
    assert pieces[0].since is None
    assert pieces[-1].until is None
    bounds = [piece.since for piece in pieces[1:]]
    assert bounds == [piece.until for piece in pieces[:-1]]
    assert bounds == [1000, 2100, 3100, 4200, 5300]


def test_a_user_heavy_only_over_all_parts_is_found():
    parts = [part(f"p{n}", {7: 30}, [heavy(7, 30, [100 * n, 100 * n + 50])]) for n in range(4)]
    assert {partition.user for partition in plan_partitions(parts, 100)} == {"heavy"}


def test_events_of_one_second_are_never_divided():
    watched = heavy(7, 1000, [5] * 64)
    partitions = plan_partitions([part("p", {7: 1000}, [watched])], 100)
    assert [(p.since, p.until) for p in partitions] == [(None, None)]
