"""Aggregates through the whole served path: raw rows and dense requests get the same scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.recommender.signatures.served import ITEMS, QUERY, REQUESTS, Served, Trained
from trainer.recommender.stock_ops import require_stock_ops

pytestmark = pytest.mark.slow  # an analysis of the transform, two models, and a SavedModel

CANDIDATES = tf.constant([list(ITEMS)] * 2)


def test_the_request_gets_the_scores_that_training_computes(served: Served) -> None:
    """The rows hold the item aggregates that the served table holds."""
    score = served.signatures["rank"](**QUERY, candidate_item_id=CANDIDATES)["score"]
    np.testing.assert_allclose(score, served.trained, atol=1e-6)
    assert np.abs(served.trained[0] - served.trained[1]).min() > 1e-5


def _bits(features: Any, names: set[str]) -> dict[str, list[bytes]]:
    """The bits of each request's values."""
    return {
        name: [np.asarray(row).tobytes() for row in features[name]]
        for name in names & features.keys()
    }


def test_a_request_becomes_the_features_of_its_transformed_row(
    served: Served, trained: Trained
) -> None:
    """Bit by bit: the rows on disk come from the transform's own graph, on Beam."""
    outputs = served.signatures["query_features"](**QUERY)
    found = {name: value.numpy() for name, value in outputs.items()}
    for name in [name for name in found if f"{name}$length" in found]:
        lengths = found.pop(f"{name}$length")
        found[name] = [row[:length] for row, length in zip(found[name], lengths, strict=True)]
    rows = {name: list(value) for name, value in trained.row.items()}
    assert found.keys() == rows.keys() - {
        "candidate_item_id",
        "candidate_probability",
        "label",
        "item_available_from",
        "item_available_to",
        "item_count",
        "item_id",
        "target_item_id",
        "genre",
        "trend",
    }
    assert _bits(found, set(found)) == _bits(rows, set(found))


def test_an_unmodified_tensorflow_serving_knows_every_operation(served: Served) -> None:
    require_stock_ops(served.path)


def test_a_raw_row_gets_the_scores_of_its_request(served: Served) -> None:
    score = served.signatures["rank_examples"](examples=tf.constant(REQUESTS))["score"]
    np.testing.assert_allclose(score, served.trained, atol=1e-6)


def test_the_list_has_the_scores_of_the_ranking(served: Served) -> None:
    nothing = tf.constant([[""], [""]])
    lists = served.signatures["recommend"](**QUERY, exclude_item_id=nothing, top_k=tf.constant(3))
    ranked = served.signatures["rank"](**QUERY, candidate_item_id=lists["item_id"])["score"]
    np.testing.assert_allclose(lists["score"], ranked, atol=1e-6)
