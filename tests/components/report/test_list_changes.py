"""What changed between two models' lists, and what moved each item."""

import pytest

from components.report.list_changes import DEPTH, Knowledge, Request, Served, list_sample

KNOWLEDGE = Knowledge(titles={"a": "Alpha", "z": "Zeta"}, followed={}, recent_events=20)


def served(items, retrieval_scores=None):
    count = len(items)
    return Served(
        tuple(items),
        tuple(0.5 - 0.01 * place for place in range(count)),
        tuple(retrieval_scores or (-float(place) for place in range(count))),
    )


def request(history="xyz", target="q"):
    return Request("u", 100, tuple(history), target)


def sample(new, old=None, *, requests=None, knowledge=KNOWLEDGE):
    return list_sample(requests or [request()] * len(new), new, old, knowledge)


def test_each_item_knows_its_place_by_retrieval_and_in_the_old_list():
    found = sample([served("abc", (1.0, 3.0, 2.0))], [served("cdb")], requests=[request("", "c")])
    [shown] = found.requests
    assert [(i.item_id, i.title, i.retrieval_place, i.old_place, i.target) for i in shown.new] == [
        ("a", "Alpha", 3, None, False),
        ("b", "b", 1, 3, False),
        ("c", "c", 2, 1, True),
    ]
    assert [(i.item_id, i.new_place) for i in shown.old] == [("c", 3), ("d", None), ("b", 2)]


def test_shares_over_all_requests():
    new = [served("abcdefghij"), served("klmnopqrst")]
    old = [served("abcdefghij"), served("lkmnopqruv")]
    change = sample(new, old).change
    assert change.kept == pytest.approx((1.0 + 0.8) / 2)
    assert (change.same_first, change.same_list) == (0.5, 0.5)


def test_items_that_gained_or_lost_lists():
    change = sample([served("ab"), served("ab")], [served("bz"), served("b")]).change
    assert [(m.title, m.old, m.new) for m in change.movements] == [("Alpha", 0, 2), ("Zeta", 1, 0)]


def test_the_same_model_twice_changes_nothing():
    lists = [served("abc"), served("bca")]
    change = sample(lists, lists).change
    assert (change.kept, change.same_first, change.same_list, change.movements) == (1, 1, 1, ())


def test_only_the_first_places_count_as_shown():
    below = "klmnop"
    change = sample([served("abcdefghij" + below)], [served("abcdefghij" + below[::-1])]).change
    assert change.same_list == 1.0
    assert len(sample([served("abcdefghij" + below)]).requests[0].new) == DEPTH


def test_what_the_retriever_alone_would_not_have_shown():
    # The eleventh by retrieval stands first: one of ten places is another.
    moved = served("kabcdefghij", (-20.0, *(-float(i) for i in range(10))))
    assert sample([moved]).moved_in == pytest.approx(0.1)
    assert sample([served("abcdefghijk")]).moved_in == 0.0


def test_the_strongest_rule_of_the_recent_history_is_named():
    rules = {("x", "a"): 9.0, ("y", "a"): 1.0, ("z", "a"): 2.0}
    named = [
        sample(
            [served("ab")],
            knowledge=Knowledge({"z": "Zeta"}, rules, recent_events=recent),
        ).requests[0]
        for recent in (2, 3)
    ]
    assert [[item.after for item in shown.new] for shown in named] == [["Zeta", ""], ["x", ""]]


def test_histories_are_named_latest_first():
    [shown] = sample([served("a")], requests=[request("bcdefgz")]).requests
    assert shown.history == ("Zeta", "g", "f", "e", "d")
    assert shown.history_length == 7


def test_without_an_old_model_there_is_no_change():
    found = sample([served("abc")])
    assert found.change is None
    assert found.requests[0].old == ()
    assert found.requests[0].new[0].old_place is None


def test_lists_that_are_empty_are_no_error():
    found = sample([served("")], [served("")], requests=[request("", "q")])
    assert found.requests[0].new == ()
    assert found.moved_in == 0.0


def test_an_empty_sample_is_no_sample():
    assert list_sample([], [], [], KNOWLEDGE) is None
