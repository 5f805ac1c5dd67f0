"""Rows where the log says what users were shown."""

from tests.transform.logs import frame
from tests.transform.rows.built import BY_TIME, SMALL, one_user, rows
from transform.features import splits


def targets(built, split):
    return [row["target_item_id"][0] for row in built[split] if row["user_id"] == ["u"]]


def test_unprompted_requests_are_those_that_answer_no_list():
    """Of ten views, i5 and i6 validate and i7 to i9 evaluate."""
    requests = {"i5": "other", "i6": "of nobody", "i7": "list", "i8": None, "i9": "later"}
    done = [(*row, "view") for row in one_user(10)]
    shown = [
        ("u", "i1", 75, "impression", "list"),
        ("u", "i9", 105, "impression", "later"),
        ("v", "i5", 1, "impression", "other"),
    ]
    events = [*((*row, requests.get(row[1])) for row in done), *shown]
    log = frame([row[:4] for row in events], {"request_id": [row[4] for row in events]})
    split = BY_TIME.model_copy(update={"max_rows_per_user": 2})
    every, built = rows(log, split), rows(log, split.model_copy(update={"held_out": "unprompted"}))
    assert targets(every, "eval") == ["i7", "i8"]
    assert targets(built, "eval") == ["i8", "i9"]
    assert targets(built, "validation") == targets(every, "validation") == ["i5", "i6"]
    # What answers a list is in histories and in the training all the same.
    assert built["eval"][0]["history_item_id"] == ["i4", "i5", "i6", "i7"]
    assert (built["train"], built["ranking"]) == (every["train"], every["ranking"])


def lists_of_a_day():
    """Ten views, of which i5 and i6 validate and i7 to i9 evaluate, with three lists between."""
    lists = [
        ("u", "i8", 15, "impression"),
        *(("u", item, 65, "impression") for item in ("i4", "i6")),
        *(("u", item, 95, "impression") for item in ("i9", "i1")),
    ]
    return frame([*((*row, "view") for row in one_user(10)), *lists])


def test_lists_that_were_shown_in_the_held_out_periods_are_rows_where_asked_for():
    asked = SMALL.model_copy(update={"shown_held_out": True})
    built = rows(lists_of_a_day(), BY_TIME, asked)
    assert {*built, "catalogue"} == set(splits(shown=True))
    (validated,), (evaluated,) = built["shown_validation"], built["shown_eval"]
    assert validated["candidate_item_id"] == ["i4", "i6"]
    assert validated["label"] == [0.0, 1.0]
    assert validated["history_item_id"] == ["i4", "i5"]
    assert evaluated["candidate_item_id"] == ["i9", "i1"]
    assert evaluated["label"] == [1.0, 0.0]
    assert evaluated["user_rung"] == ["6-20"]  # of all before it, not of what the row shows
    assert evaluated["request_hour"] == ["00"]
    assert "target_item_id" not in evaluated


def test_the_other_rows_are_the_same_with_them():
    asked = SMALL.model_copy(update={"shown_held_out": True})
    without, built = rows(lists_of_a_day(), BY_TIME), rows(lists_of_a_day(), BY_TIME, asked)
    assert {*without, "catalogue"} == set(splits(shown=False))
    assert without == {name: built[name] for name in without}
