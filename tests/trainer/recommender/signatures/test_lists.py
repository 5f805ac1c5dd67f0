"""Lists of the served path, as the settings have them made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.recommender.signatures.served import (
    END,
    QUERY,
    REQUESTS,
    Served,
    Trained,
    serve,
)
from trainer.recommender.stock_ops import require_stock_ops
from trainer.settings import RecommenderSettings

pytestmark = pytest.mark.slow  # an analysis of the transform, two models, and a SavedModel


def test_a_partitioned_index_is_served_as_the_exact_one(
    folder: Path, trained: Trained, served: Served
) -> None:
    partitioned = serve(
        folder, trained, RecommenderSettings(exclude_seen=False, index="partitioned")
    )
    require_stock_ops(partitioned.path)
    asked = {**QUERY, "exclude_item_id": tf.constant([["a"], [""]]), "top_k": tf.constant(3)}
    lists, plain = (side.signatures["recommend"](**asked) for side in (partitioned, served))
    assert lists["item_id"].numpy().tolist() == plain["item_id"].numpy().tolist()
    np.testing.assert_allclose(lists["score"], plain["score"], atol=1e-6)
    similar = {"item_id": tf.constant(["a", "nobody's"]), "top_k": tf.constant(2)}
    near, truly = (side.signatures["similar_items"](**similar) for side in (partitioned, served))
    assert near["item_id"].numpy().tolist() == truly["item_id"].numpy().tolist()


@pytest.mark.parametrize("top_k", [0, -1, 10_001, 2**31 - 1])
def test_a_list_has_a_length_between_1_and_the_most(served: Served, top_k: int) -> None:
    asked = {**QUERY, "exclude_item_id": tf.constant([[""], [""]])}
    recommend, similar = (served.signatures[name] for name in ("recommend", "similar_items"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="top_k must be at "):
        recommend(**asked, top_k=tf.constant(top_k))
    with pytest.raises(tf.errors.InvalidArgumentError, match="top_k must be at "):
        similar(item_id=tf.constant(["a"]), top_k=tf.constant(top_k))
    longest = tf.constant(10_000)  # control: lists beyond the catalogue are padded
    assert recommend(**asked, top_k=longest)["item_id"].shape == (2, 10_000)
    assert similar(item_id=tf.constant(["a"]), top_k=longest)["item_id"].shape == (1, 10_000)


@pytest.mark.parametrize(("time", "there"), [(9, False), (10, True), (END - 1, True), (END, False)])
def test_an_item_is_shown_while_it_is_available(served: Served, time: int, there: bool) -> None:
    asked = {**QUERY, "exclude_item_id": tf.constant([[""], [""]]), "top_k": tf.constant(3)}
    asked["request_time"] = tf.constant([time, 30], tf.int64)
    items = served.signatures["recommend"](**asked)["item_id"].numpy()
    assert (b"c" in items[0]) is there
    assert set(items[1]) == {b"a", b"b", b"c"}


def test_the_lists_alone_are_diversified(folder: Path, trained: Trained, served: Served) -> None:
    """At the full strength the second item is the one least similar to the first."""
    diverse = serve(folder, trained, RecommenderSettings(exclude_seen=False, diversity=1.0))
    top_k = tf.constant(3)
    asked = {**QUERY, "exclude_item_id": tf.constant([[""], [""]]), "top_k": top_k}
    lists = diverse.signatures["recommend"](**asked)
    plain = served.signatures["recommend"](**asked)
    assert lists["item_id"][:, 0].numpy().tolist() == plain["item_id"][:, 0].numpy().tolist()
    asked_first = {"item_id": lists["item_id"][:, 0], "top_k": top_k}
    similar = diverse.signatures["similar_items"](**asked_first)
    assert lists["item_id"][:, 1].numpy().tolist() == similar["item_id"][:, 1].numpy().tolist()
    assert similar["score"].numpy().tolist() == (
        served.signatures["similar_items"](**asked_first)["score"].numpy().tolist()
    )
    by_rows = diverse.signatures["serving_default"](examples=tf.constant(REQUESTS))
    assert by_rows["item_id"][:, :3].numpy().tolist() == lists["item_id"].numpy().tolist()
    ranked = diverse.signatures["rank"](**QUERY, candidate_item_id=lists["item_id"])["score"]
    np.testing.assert_allclose(lists["score"], ranked, atol=1e-6)


def test_lists_have_probabilities_only_where_the_settings_ask_for_exploration(
    folder: Path, trained: Trained, served: Served
) -> None:
    settings = RecommenderSettings(exclude_seen=False, exploration=0.2, exploration_depth=2)
    exploring = serve(folder, trained, settings)
    require_stock_ops(exploring.path)
    many = 200
    asked = {name: tf.repeat(value[:1], many, axis=0) for name, value in QUERY.items()}
    asked |= {"exclude_item_id": tf.fill([many, 1], ""), "top_k": tf.constant(2)}
    asked["request_time"] = tf.range(30, 30 + many, dtype=tf.int64)
    lists, again, plain = (
        side.signatures["recommend"](**asked) for side in (exploring, exploring, served)
    )
    assert lists.keys() - plain.keys() == {"propensity"}
    # Of the four moves of two items, two change the list, for some times of the request.
    swapped = (lists["item_id"] != plain["item_id"]).numpy()
    assert (swapped[:, 0] == swapped[:, 1]).all()
    assert 0.02 < swapped[:, 0].mean() < 0.25
    np.testing.assert_allclose(lists["propensity"], np.where(swapped, 0.1, 0.9), atol=1e-6)
    assert (lists["item_id"] == again["item_id"]).numpy().all()
    by_rows = exploring.signatures["serving_default"](examples=tf.constant(REQUESTS))
    assert by_rows.keys() == plain.keys()
    unequal = {**asked, "user_id": tf.constant(["u"])}
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have one row for each user_id"):
        exploring.signatures["recommend"](**unequal)
