"""Features bit by bit; each way in which one may differ is planted once."""

import numpy as np
import pytest

from components.serving_validator.calls import ContractError
from components.serving_validator.features import differing_rows, feature_names
from tests.records import record
from transform.aggregates import Aggregate, Of
from transform.features import Feature, Kind, Side

ROWS = [
    record(**{"items$ragged_values": [5, 6], "age": [0.1, 1.0], "liked$ragged_values": [0.5]}),
    record(**{"items$ragged_values": [], "age": [0.0, 0.0], "liked$ragged_values": []}),
]
NAMES = ("items", "age", "liked")


def _served(**changes):
    served = {
        "items": np.array([[5, 6, 0], [0, 0, 0]], np.int64),
        "items$length": np.array([2, 0], np.int64),
        "age": np.array([[0.1, 1.0], [0.0, 0.0]], np.float32),
        "liked": np.array([[0.5], [0.0]], np.float32),
        "liked$length": np.array([1, 0], np.int64),
    }
    return served | {name.replace("_length", "$length"): a for name, a in changes.items()}


def test_the_features_of_training_are_the_same():
    assert differing_rows(NAMES, _served(), ROWS) == {}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"age": np.array([[np.nextafter(np.float32(0.1), 1), 1], [0, 0]], np.float32)}, "age"),
        ({"age": np.array([[0.1, 1.0], [-0.0, 0.0]], np.float32)}, "age"),
        ({"age": np.array([[0.1, 1.0], [np.nan, 0.0]], np.float32)}, "age"),
        ({"items": np.array([[6, 5, 0], [0, 0, 0]], np.int64)}, "items"),
        ({"items": np.array([[5, 6, 0], [0, 0, 0]], np.int32)}, "items"),
        ({"items_length": np.array([3, 0], np.int64)}, "items"),
        ({"items_length": np.array([2, 1], np.int64)}, "items"),
        ({"liked": np.array([[0.25], [0.0]], np.float32)}, "liked"),
    ],
)
def test_what_differs_in_one_row_is_named(changes, found):
    assert differing_rows(NAMES, _served(**changes), ROWS) == {found: 1}


def test_a_feature_of_another_width_differs_in_all_rows():
    narrow = np.array([[0.1], [0.0]], np.float32)
    assert differing_rows(NAMES, _served(age=narrow), ROWS) == {"age": 2}


def test_what_stands_in_the_padding_does_not_count():
    items = np.array([[5, 6, 9], [9, 9, 9]], np.int64)
    assert differing_rows(NAMES, _served(items=items), ROWS) == {}


def test_a_feature_that_the_model_does_not_tell_is_a_breach_of_the_contract():
    with pytest.raises(ContractError, match=r"has an output 'city'\. Received: age, items"):
        differing_rows((*NAMES, "city"), _served(), ROWS)


def test_a_feature_that_training_does_not_have_differs():
    extra = np.ones((2, 1), np.float32)
    assert differing_rows(("city",), _served(city=extra), ROWS) == {"city": 2}


def test_the_models_are_fed_what_describes_the_request():
    features = [
        Feature(name="age", side=Side.QUERY, kind=Kind.NUMBER),
        Feature(name="device", side=Side.CONTEXT, kind=Kind.CATEGORY),
        Feature(name="genre", side=Side.CANDIDATE, kind=Kind.CATEGORY),
    ]
    aggregates = (
        Aggregate(name="views", of=Of.USER, count="view", window="7d"),
        Aggregate(name="liked", of=Of.USER_CATEGORY, by="genre", count="view", window="7d"),
        Aggregate(name="trend", of=Of.ITEM, trend="view", window="7d"),
    )
    assert feature_names(features, aggregates) == (
        "history_item_id",
        "history_event_type",
        "history_time",
        "request_time",
        "age",
        "device",
        "views",
        "liked_key",
        "liked_value",
    )
