import numpy as np
import pytest

from components.baselines.events import HeldOutData
from components.baselines.measure import measure
from tests.components.toy_recommender import write_split


def query(user, items, times, request_time):
    return {
        "user_id": [user],
        "history_item_id": list(items),
        "history_time": list(times),
        "request_time": [request_time],
    }


def held_out(user, items, times, target, request_time):
    return {**query(user, items, times, request_time), "target_item_id": [target]}


def _data(folder, *, train, validation, evaluation, items, by_time, limits=None):
    write_split(folder, "train", train)
    write_split(folder, "validation", validation)
    write_split(folder, "eval", evaluation)
    limits = limits or {}
    rows = [{"item_id": [item], **limits.get(item, {})} for item in items]
    write_split(folder, "catalogue", rows)
    return HeldOutData(lambda split: [str(folder / f"Split-{split}")], by_time=by_time)


@pytest.fixture
def leave_one_out(tmp_path):
    """User u had a b c, then d validates and e evaluates; v has too few events to hold out."""
    return _data(
        tmp_path,
        train=[
            query("u", "abc", [1, 2, 3], 3),
            query("v", "ab", [5, 6], 6),
            query("v", "bc", [6, 7], 7),
        ],
        validation=[held_out("u", "abc", [1, 2, 3], "d", 4)],
        evaluation=[held_out("u", "abcd", [1, 2, 3, 4], "e", 5)],
        items="edcba",
        by_time=False,
    )


def _by_row(events):
    names = "abcdefg"
    return sorted(
        "".join(names[i] for i in events.item[events.row == r]) for r in range(events.rows)
    )


def test_everything_before_the_eval_request_is_known(leave_one_out):
    assert _by_row(leave_one_out.events_before("eval")) == ["abc", "abcd"]
    assert _by_row(leave_one_out.events_before("validation")) == ["abc", "abc"]


def test_requests_have_codes_in_the_order_of_the_ids(leave_one_out):
    requests = leave_one_out.requests("eval")
    assert requests.history.item.tolist() == [0, 1, 2, 3]
    assert requests.history.time.tolist() == [1, 2, 3, 4]
    assert requests.target.tolist() == [4]
    assert leave_one_out.items == 5


def test_requests_know_when_items_may_be_shown(tmp_path):
    data = _data(
        tmp_path,
        train=[query("u", "ab", [1, 2], 2)],
        validation=[held_out("u", "ab", [1, 2], "c", 11)],
        evaluation=[held_out("u", "abc", [1, 2, 11], "d", 20)],
        items="dcba",
        by_time=True,
        limits={"b": {"item_available_from": [5], "item_available_to": [20]}, "c": {}},
    )
    requests = data.requests("eval")
    assert requests.time.tolist() == [20]
    assert requests.available[1].tolist() == [5, 20]
    assert requests.may_be_shown(0, np.arange(4)).tolist() == [True, False, True, True]


def test_under_a_time_split_nothing_of_the_measured_period_is_known(tmp_path):
    data = _data(
        tmp_path,
        train=[query("u", "ab", [1, 2], 2)],
        validation=[held_out("u", "ab", [1, 2], "c", 11), held_out("w", "", [], "c", 12)],
        evaluation=[
            held_out("u", "abc", [1, 2, 11], "d", 20),
            # Its history holds an event of the period that is measured.
            held_out("u", "abcd", [1, 2, 11, 20], "e", 30),
        ],
        items="abcde",
        by_time=True,
    )
    assert _by_row(data.events_before("eval")) == ["abc", "c"]
    assert _by_row(data.events_before("validation")) == ["", "ab"]


def test_a_target_that_the_catalogue_lacks_is_a_miss(tmp_path):
    data = _data(
        tmp_path,
        train=[query("u", "ab", [1, 2], 2)],
        validation=[held_out("u", "a", [1], "b", 2)],
        evaluation=[held_out("u", "ab", [1, 2], "?", 3)],
        items="ab",
        by_time=False,
    )
    assert data.requests("eval").target.tolist() == [-1]
    metrics = measure(data, exclude_seen=True)
    assert [values["recall_at_10"] for values in metrics.values()] == [0, 0, 0, 0]


def test_measure_on_a_ring_of_items(tmp_path):
    """After item i comes i + 1: rules know it, popularity does not."""
    items = [f"i{i:02d}" for i in range(30)]

    def walk(user, length):
        return [items[(user * 7 + step) % 30] for step in range(length)]

    train, validation, evaluation = [], [], []
    for user in range(60):
        walked, times = walk(user, 12), range(12)
        train.append(query(f"u{user}", walked[:10], times[:10], 9))
        validation.append(held_out(f"u{user}", walked[:10], times[:10], walked[10], 10))
        evaluation.append(held_out(f"u{user}", walked[:11], times[:11], walked[11], 11))
    data = _data(
        tmp_path,
        train=train,
        validation=validation,
        evaluation=evaluation,
        items=items,
        by_time=False,
    )
    metrics = measure(data, exclude_seen=True)
    assert set(metrics) == {"most_popular", "recent_popular", "item_knn", "sequential_rules"}
    assert metrics["sequential_rules"]["recall_at_10"] == 1.0
    assert metrics["sequential_rules"]["ndcg_at_10"] > 0.95
    assert metrics["item_knn"]["ndcg_at_10"] > metrics["most_popular"]["ndcg_at_10"]
    assert metrics["most_popular"]["ndcg_at_10"] < 0.6
