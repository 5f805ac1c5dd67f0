import math

import pytest
import tensorflow as tf

from components.serving_validator.held_out import find_transformed, read_requests
from tests.components.toy_recommender import raw_row, transformed_row, write_split
from transform.aggregates import Aggregate
from transform.features import Feature

FEATURES = (
    Feature(name="segment", side="query", kind="category"),
    Feature(name="age", side="query", kind="number"),
    Feature(name="joined", side="query", kind="time"),
    Feature(name="genre", side="candidate", kind="category"),
)
AGGREGATES = (
    Aggregate(name="views", of="user", count="view", window="7d"),
    Aggregate(name="liked", of="user_category", by="genre", count="view", window="7d"),
    Aggregate(name="item_views", of="item", count="view", window="7d"),
)


@pytest.fixture
def folder(tmp_path):
    rows = [raw_row(user, user) for user in range(5)]
    rows[1] |= {"age": [31.5], "joined": [1_500_000_000]}
    write_split(tmp_path / "raw", "eval", rows)
    shuffled = [transformed_row(rows[i]) for i in (3, 0, 4, 1, 2)]
    write_split(tmp_path / "transformed", "eval", shuffled)
    return tmp_path


def _requests(folder, limit=100):
    return read_requests([str(folder / "raw" / "Split-eval")], FEATURES, (), limit)


def test_rows_become_requests(folder):
    requests = _requests(folder)
    row = raw_row(3, 3)
    query = requests[3].query
    assert query.user_id == "u3"
    assert query.history_item_id == tuple(row["history_item_id"])
    assert query.history_time == tuple(row["history_time"])
    assert query.history_event_type == ("interaction",) * 3
    assert query.request_time == row["request_time"][0]
    assert set(query.features) == {"segment", "age", "joined"}
    assert query.features["segment"] == "south"
    assert requests[0].query.history_item_id == ()


def test_requests_keep_their_candidates_and_their_row(folder):
    request = _requests(folder)[2]
    assert list(request.candidates) == raw_row(2, 2)["candidate_item_id"]
    example = tf.train.Example.FromString(request.record)
    assert list(example.features.feature["user_id"].bytes_list.value) == [b"u2"]


def test_missing_values_are_those_of_the_training(folder):
    requests = _requests(folder)
    assert requests[1].query.features["age"] == 31.5
    assert requests[1].query.features["joined"] == 1_500_000_000
    assert math.isnan(requests[2].query.features["age"])
    assert requests[2].query.features["joined"] == 0


def test_aggregates_are_what_a_client_would_send(tmp_path):
    row = raw_row(1, 2) | {"views": [3.0], "liked_key": ["jazz", "folk"], "liked_value": [2.0, 1.0]}
    nothing = raw_row(2, 2) | {"views": [0.0], "liked_key": [], "liked_value": []}
    write_split(tmp_path, "eval", [row, nothing])
    uris = [str(tmp_path / "Split-eval")]
    first, second = (r.query for r in read_requests(uris, FEATURES, AGGREGATES, 10))
    assert first.features["views"] == 3.0
    assert first.category_values == {"liked": {"jazz": 2.0, "folk": 1.0}}
    assert "item_views" not in first.features
    assert second.features["views"] == 0.0
    assert second.category_values == {"liked": {}}


def test_only_as_many_as_asked_for(folder):
    assert [r.query.user_id for r in _requests(folder, limit=2)] == ["u0", "u1"]


def test_transformed_rows_are_found_in_any_order(folder):
    requests = _requests(folder)
    uris = [str(folder / "transformed" / "Split-eval")]
    found = find_transformed(uris, [request.identity for request in requests])
    assert len(found) == 5
    for request in requests:
        example = tf.train.Example.FromString(found[request.identity])
        ids = example.features.feature["history_item_id$ragged_values"].int64_list.value
        assert [f"i{i - 1:03d}" for i in ids] == list(request.query.history_item_id)


def test_rows_that_cannot_be_told_apart_are_left_out(folder):
    rows = [transformed_row(raw_row(user, user)) for user in (1, 1, 2)]
    write_split(folder / "twins", "eval", rows)
    requests = _requests(folder)
    found = find_transformed(
        [str(folder / "twins" / "Split-eval")], [request.identity for request in requests]
    )
    assert list(found) == [requests[2].identity]


def test_nothing_is_found_where_nothing_is_wanted(folder):
    assert find_transformed([str(folder / "transformed" / "Split-eval")], []) == {}


def test_a_split_without_files_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one file of rows"):
        read_requests([str(tmp_path)], (), (), 10)
