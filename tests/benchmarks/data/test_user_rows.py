"""The rows in plain Python, worked out by hand: the definition that all sides are held against."""

import pytest

from benchmarks.data.job import DAY, HOP, Aggregate, Feature, Job, rung
from benchmarks.data.user_rows import Event, UserRows, item_value

START = 20_000 * DAY
VALIDATION_FROM, EVAL_FROM = START + 10 * DAY, START + 20 * DAY
JOB = Job(
    log="",
    out="",
    catalogue_times=(0, 0),
    validation_from=VALIDATION_FROM,
    eval_from=EVAL_FROM,
    features=(Feature("age", "query", "number"), Feature("device", "context", "category")),
    aggregates=(
        Aggregate("views_1d", "user", "view", None, 1),
        Aggregate("click_rate_1d", "user", "click", "impression", 1),
        Aggregate("item_views_2d", "item", "view", None, 2),
    ),
    label_types=("click",),
    attribution_seconds=100,
    history_length=2,
    max_history=3,
    ranking_rows_per_user=2,
    held_out_rows_per_user=1,
    candidates=3,
    impression_type="impression",
)


def event(time, item, kind="view", request=None, order=0):
    return Event(START + time, order, item, kind, request, ("phone",))


def rows(*events, item_count=None, user=None):
    built = UserRows(JOB, {}, item_count or {"a": 1, "b": 1}).build("u", [*events], user or {})
    by_split = {}
    for split, row in built:
        by_split.setdefault(split, []).append(row)
    return by_split


def test_training_windows_share_one_event_and_impressions_are_none():
    log = [event(n, item) for n, item in enumerate("abcd")]
    (first, second) = rows(*log, event(2, "x", "impression", "r"))["train"]
    assert first["history_item_id"] == ["a", "b", "c"]
    assert second["history_item_id"] == ["c", "d"]
    assert second["request_time"] == [START + 3]
    assert second["device"] == ["phone"]
    assert "views_1d" not in second


def test_repeated_rows_count_once_and_ties_keep_the_input_order():
    (row,) = rows(
        event(5, "b", order=2), event(5, "a", order=1), event(5, "b", order=3), event(1, "c")
    )["train"]
    assert row["history_item_id"] == ["c", "a", "b"]


def test_a_list_of_impressions_is_a_ranking_row_with_credit_to_the_latest_impression():
    log = [
        event(0, "z"),
        event(10, "a", "impression", "r1"),
        event(10, "b", "impression", "r1", order=1),
        event(20, "a", "click"),
        event(30, "a", "impression", "r2"),
        event(31, "b", "view"),
        event(40, "a", "view"),
        event(200, "a", "click"),  # more than 100 s after it was shown
    ]
    one, two = rows(*log)["ranking"]
    assert (one["candidate_item_id"], one["label"], one["label_click"]) == (
        ["a", "b"],
        [1.0, 1.0],
        [1.0, 0.0],
    )
    assert (two["candidate_item_id"], two["label"], two["label_click"]) == (["a"], [1.0], [0.0])
    assert one["history_item_id"] == ["z"]
    assert two["history_item_id"] == ["z", "a"]
    assert two["candidate_probability"] == [1.0]
    assert two["request_time"] == [START + 30]


def test_deeds_and_lists_after_the_training_period_do_not_count():
    log = [
        event(10 * DAY - 10, "a", "impression", "r1"),
        event(10 * DAY + 10, "a", "click"),
        event(10 * DAY + 20, "b", "impression", "r2"),
    ]
    (row,) = rows(*log)["ranking"]
    assert row["label"] == [0.0]


def test_only_the_latest_lists_are_rows_and_an_item_is_in_a_list_once():
    log = [event(n, item, "impression", f"r{n}") for n, item in enumerate("abc")]
    twice = event(2, "c", "impression", "r2", order=9)._replace(time=START + 3)
    shown = [row["candidate_item_id"] for row in rows(*log, twice)["ranking"]]
    assert shown == [["b"], ["c"]]


def test_a_deed_counts_for_the_list_that_it_names():
    one, two = rows(
        event(0, "z"),
        event(10, "a", "impression", "r1"),
        event(11, "a", "impression", "r2"),
        event(12, "a", "impression", "r2"),  # rendered anew
        event(20, "a", "click", "r1"),
        event(21, "a", "view", "r2"),
    )["ranking"]
    assert (one["candidate_item_id"], one["label_click"]) == (["a"], [1.0])
    assert (two["candidate_item_id"], two["label"], two["label_click"]) == (["a"], [1.0], [0.0])


def test_impressions_without_a_request_belong_together_by_their_second():
    log = [event(1, "a", "impression"), event(1, "b", "impression"), event(2, "c", "impression")]
    shown = [row["candidate_item_id"] for row in rows(*log)["ranking"]]
    assert shown == [["a", "b"], ["c"]]


def test_windows_reach_back_to_the_hour_and_end_before_the_request():
    now = 2 * DAY + 1800
    log = [
        event(DAY - 1, "a"),  # a second before the hour of the tail
        event(DAY, "a"),
        event(now - 5, "b", "impression"),
        event(now - 4, "b", "click"),
        event(now, "c", "view"),
        event(now, "a", "impression", "r", order=1),
    ]
    row = rows(*log)["ranking"][-1]
    assert now // HOP * HOP == 2 * DAY
    assert row["views_1d"] == [2.0]  # at DAY, and the one of the same second before it
    assert row["click_rate_1d"] == [1.0]


def test_held_out_requests_carry_target_rungs_and_sampled_candidates():
    log = [event(n, "a") for n in range(4)] + [
        event(10 * DAY, "b"),
        event(11 * DAY, "c"),
        event(20 * DAY, "d"),
    ]
    made = rows(*log, item_count={"a": 4, "x": 1})
    (validation,), (evaluation,) = made["validation"], made["eval"]
    assert validation["history_item_id"] == ["a", "a", "a"]  # at most three
    assert (validation["target_item_id"], validation["user_rung"]) == (["b"], ["2-5"])
    assert validation["item_rung"] == ["0"]
    assert evaluation["history_item_id"] == ["a", "b", "c"]
    assert evaluation["target_item_id"] == ["d"]
    assert evaluation["candidate_item_id"][0] == "d"
    assert sorted(evaluation["candidate_item_id"][1:]) == ["a", "x"]
    assert evaluation["label"] == [1.0, 0.0, 0.0]


def test_a_missing_number_is_absent_and_missing_text_is_empty():
    log = [event(0, "a"), event(1, "b")._replace(context=(None,))]
    (row,) = rows(*log)["train"]
    assert (row["age"], row["device"], row["user_id"]) == ([], [""], ["u"])
    (row,) = rows(*log, user={"age": 41})["train"]
    assert row["age"] == [41.0]


@pytest.mark.parametrize(("day", "views"), [(5, 0.0), (6, 3.0), (7, 7.0), (8, 4.0), (9, 0.0)])
def test_item_windows_see_whole_days_before_the_request(day, views):
    tiles = {("a", "view"): ([5, 6], [3, 7])}
    assert item_value(Aggregate("v", "item", "view", None, 2), tiles, "a", day) == views


def test_an_item_rate_is_rounded_once_and_zero_without_a_base():
    tiles = {("a", "click"): ([1], [1]), ("a", "impression"): ([1], [3])}
    rate = Aggregate("ctr", "item", "click", "impression", 7)
    assert item_value(rate, tiles, "a", 2) == 0.3333333432674408
    assert item_value(rate, tiles, "b", 2) == 0.0


def test_rungs():
    assert [rung(count) for count in (0, 1, 5, 6, 20, 21)] == [
        "0",
        "1",
        "2-5",
        "6-20",
        "6-20",
        "21+",
    ]
