"""From the log to users: whose arm, from when, and which events count."""

from components.experiments.users import users_of
from tests.components.experiments.logs import did, log_of, log_of_users, seeded, shown
from tests.components.experiments.simulated import BEGIN, design, simulated
from transform.aggregates import DAY_SECONDS


def rows(log, **changes):
    found = users_of(log, design(**changes))
    columns = (found.user_id.to_list(), found.arm, found.first - BEGIN, found.outcome, found.before)
    return [(row[0], *map(int, row[1:])) for row in zip(*columns, strict=True)], found.torn


def test_events_count_from_the_first_list_on_until_the_time_is_over():
    log = log_of(
        shown("ann", BEGIN + 50, "trial=new", request="r2"),
        shown("ann", BEGIN, "trial=new", request="r1"),
        did("ann", BEGIN, "at once"),
        did("ann", BEGIN + DAY_SECONDS - 1, "in time"),
        did("ann", BEGIN + DAY_SECONDS, "late"),
        did("ann", BEGIN - 1, "just before"),
        did("ann", BEGIN - 14 * DAY_SECONDS, "long before"),
        did("ann", BEGIN - 14 * DAY_SECONDS - 1, "too long before"),
        did("ann", BEGIN + 5, "other", kind="view"),
    )
    assert rows(log) == ([("ann", 1, 0, 2, 2)], 0)
    assert rows(log, outcome_days=2, before_days=0) == ([("ann", 1, 0, 3, 0)], 0)
    assert rows(log, outcome="view") == ([("ann", 1, 0, 1, 0)], 0)


def test_an_event_that_came_twice_counts_once_and_lists_without_outcomes_count_too():
    log = log_of(
        shown("ann", BEGIN, "trial=old"),
        did("ann", BEGIN + 1, "e"),
        did("ann", BEGIN + 1, "e"),
        shown("bob", BEGIN + 2, "trial=old"),
        did("bob", BEGIN + 3, "e"),
        did("bob", BEGIN + 3, "f"),
        shown("eve", BEGIN + 4, "trial=new"),
    )
    assert rows(log)[0] == [("ann", 0, 0, 1, 0), ("bob", 0, 2, 2, 0), ("eve", 1, 4, 0, 0)]


def test_the_arm_is_that_of_this_experiment_among_all_of_a_list():
    log = log_of(
        shown("ann", BEGIN, "my-trial=old;trial=new"),
        shown("bob", BEGIN, "trial=old;trial-2=new"),
        shown("eve", BEGIN, "trial-2=new"),
        shown("kim", BEGIN, "trial=newer"),
        shown("lea", BEGIN, None),
    )
    assert rows(log)[0] == [("ann", 1, 0, 0, 0), ("bob", 0, 0, 0, 0)]


def test_who_was_seen_in_two_arms_is_in_none():
    log = log_of(
        shown("ann", BEGIN, "trial=new"),
        shown("ann", BEGIN + 1, "trial=old", request="r2"),
        shown("bob", BEGIN, "trial=old"),
    )
    assert rows(log) == ([("bob", 0, 0, 0, 0)], 1)


def test_a_log_of_many_users_gives_them_back():
    users = simulated(seeded(1), 500, 3)
    found = users_of(log_of_users(users), design())
    order = found.user_id.cast(int).arg_sort().to_numpy()
    for name in ("arm", "first", "outcome", "before"):
        assert (getattr(found, name)[order] == getattr(users, name)).all(), name
