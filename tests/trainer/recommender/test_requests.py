"""Requests as they arrive: dense inputs and serialized rows become the same raw features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.records import record
from trainer.recommender.requests import parse_rows, query_specs, raw_query
from transform.aggregates import Aggregate, Of
from transform.features import Feature, Kind, Side

FEATURES = [Feature(name="age", side=Side.QUERY, kind=Kind.NUMBER)]
AGGREGATES = [
    Aggregate(name="views", of=Of.USER, count="view", window="7d"),
    Aggregate(name="liked", of=Of.USER_CATEGORY, by="genre", count="view", window="7d"),
    Aggregate(name="item_views", of=Of.ITEM, count="view", window="7d"),
]
INPUTS: dict[str, Any] = {
    "user_id": ["u", "v"],
    "history_item_id": [["a", "b"], ["", ""]],
    "history_event_type": [["view", "view"], ["", ""]],
    "history_time": [[1, 2], [0, 0]],
    "request_time": [3, 4],
    "age": [30.0, float("nan")],
    "views": [2.0, float("nan")],
    "liked_key": [["jazz", "folk"], ["jazz", ""]],
    "liked_value": [[1.0, 2.0], [3.0, 0.0]],
}


def inputs(**changed: Any) -> dict[str, tf.Tensor]:
    values = INPUTS | changed
    specs = query_specs(FEATURES, AGGREGATES)
    return {name: tf.constant(values[name], spec.dtype) for name, spec in specs.items()}


def as_lists(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.to_list() if isinstance(value, tf.RaggedTensor) else value.numpy().tolist()
        for name, value in raw.items()
    }


def test_the_signature_takes_aggregates_of_the_request_only() -> None:
    assert set(query_specs(FEATURES, AGGREGATES)) == set(INPUTS)


def test_inputs_and_rows_become_the_same_raw_features() -> None:
    rows = [
        record(
            history_item_id=["a", "b"],
            history_event_type=["view", "view"],
            history_time=[1, 2],
            request_time=[3],
            age=[30.0],
            views=[2.0],
            liked_key=["jazz", "folk"],
            liked_value=[1.0, 2.0],
            liked=[2.0, 0.0],
        ),
        record(request_time=[4], liked_key=["jazz"], liked_value=[3.0]),
    ]
    of_inputs = as_lists(raw_query(inputs(), FEATURES, AGGREGATES))
    of_rows = as_lists(parse_rows(tf.constant(rows), FEATURES, AGGREGATES))
    np.testing.assert_equal(of_inputs, of_rows)
    assert of_inputs["liked_value"] == [[1.0, 2.0], [3.0]]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"liked_value": [[1.0], [2.0]]}, "liked_value must have the shape of liked_key"),
        ({"views": [1.0]}, "views must have one row for each user_id"),
        (
            {"liked_key": [["jazz"]], "liked_value": [[1.0]]},
            "liked_key must have one row for each user_id",
        ),
    ],
)
def test_inputs_of_unequal_shape_are_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        raw_query(inputs(**changed), FEATURES, AGGREGATES)


@pytest.mark.parametrize("name", ["exclude_item_id", "candidate_item_id"])
def test_items_beside_the_query_are_given_for_each_request(name: str) -> None:
    query = inputs()
    raw_query({**query, name: tf.constant([["a"], [""]])}, FEATURES, AGGREGATES)
    said = f"{name} must have one row for each user_id"
    with pytest.raises(tf.errors.InvalidArgumentError, match=said):
        raw_query({**query, name: tf.constant([["a"]])}, FEATURES, AGGREGATES)
