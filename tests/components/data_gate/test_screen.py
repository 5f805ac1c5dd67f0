"""The screen: a column that reveals the label is found, an honest one is not."""

import numpy as np
import pyarrow as pa
import pytest

from components.data_gate.screen import columns_to_screen, screen
from tests.components.data_gate.rows import lists, write_rows
from transform.features import Feature

PRICE = Feature(name="price", side="candidate", kind="number")
KIND = Feature(name="kind", side="candidate", kind="category")
TITLE = Feature(name="title", side="candidate", kind="text")
WIDTH, REQUESTS, ITEMS = 8, 400, 60


@pytest.fixture
def rows():
    """Requests of four a user; popular items are taken more often."""
    rng = np.random.default_rng(1)
    item = rng.integers(0, ITEMS, (REQUESTS, WIDTH))
    taken = np.argmax(item / ITEMS + rng.gumbel(size=item.shape), axis=1)
    label = (np.arange(WIDTH) == taken[:, None]).astype(np.float32)
    return {"item": item, "label": label, "rng": rng}


def screened(tmp_path, rows, features=(), limit=REQUESTS, **columns):
    ranking = {
        "user_id": [f"u{n // 4:03}" for n in range(REQUESTS)],
        "candidate_item_id": [[f"i{i}" for i in row] for row in rows["item"]],
        "label": rows["label"].tolist(),
        **columns,
    }
    catalogue = {
        "item_id": [f"i{i}" for i in range(ITEMS)],
        "price": [float(i) for i in range(ITEMS)],
        "kind": [f"k{i // 20}" for i in range(ITEMS)],
        "title": ["t"] * ITEMS,
    }
    types = {
        name: "bytes" if pa.types.is_binary(lists(values).type.value_type) else "float"
        for name, values in ranking.items()
    }
    wanted = dict(columns_to_screen(types, features, frozenset({"label_click"})))
    uris = [
        write_rows(tmp_path, split, table)
        for split, table in (("ranking", ranking), ("catalogue", catalogue))
    ]
    return screen(*uris, wanted, features, limit)


def test_honest_features_say_a_little(tmp_path, rows):
    found = screened(tmp_path, rows, (PRICE, KIND, TITLE))
    assert set(found) == {"candidate_item_id", "price", "kind"}
    for name, revealed in found.items():
        assert 0.52 < revealed.auc < 0.9, name
        assert revealed.candidates == REQUESTS


def test_a_number_that_follows_the_label_is_found(tmp_path, rows):
    found = screened(tmp_path, rows, views_after=(rows["label"] * 3 + 1).tolist())
    assert found["views_after"].auc == 1


def test_a_number_that_avoids_the_label_is_found(tmp_path, rows):
    found = screened(tmp_path, rows, stock_after=(1 - rows["label"]).tolist())
    assert found["stock_after"].auc == 0


def test_a_category_that_follows_the_label_is_found(tmp_path, rows):
    flags = [["sold" if taken else "open" for taken in row] for row in rows["label"]]
    assert screened(tmp_path, rows, state=flags)["state"].auc == pytest.approx(1)


def test_a_category_of_which_each_value_occurs_once_says_nothing(tmp_path, rows):
    """Its own label would tell all; the labels of others tell nothing."""
    names = [[f"{r}-{c}" for c in range(WIDTH)] for r in range(REQUESTS)]
    assert screened(tmp_path, rows, receipt=names)["receipt"].auc == pytest.approx(0.5, abs=0.02)


def test_what_only_orders_within_a_request_is_found(tmp_path, rows):
    """Each request has its own level, so that over all requests together the order is lost."""
    level = rows["rng"].normal(0, 1000, (REQUESTS, 1))
    assert screened(tmp_path, rows, rank=(level + rows["label"]).tolist())["rank"].auc == 1


def test_a_missing_number_counts_as_the_lowest(tmp_path, rows):
    values = np.where(rows["label"] > 0, 1.0, np.nan)
    assert screened(tmp_path, rows, rating=values.tolist())["rating"].auc == 1


def test_a_feature_of_the_request_is_measured_over_all_requests(tmp_path, rows):
    rows["label"][::2] = 0
    told = [float(row.any()) for row in rows["label"]]
    # Of taken candidates all have 1; of the others (200 * 7) of 3000, by hand.
    expected = 1 - 1400 / 3000 / 2
    assert screened(tmp_path, rows, buys=told)["buys"].auc == pytest.approx(expected)


def test_histories_and_labels_are_no_features(tmp_path, rows):
    history = [["i1"] * (n % 3 + 1) for n in range(REQUESTS)]
    found = screened(
        tmp_path, rows, history_item_id=history, trail=history, label_click=rows["label"].tolist()
    )
    assert set(found) == {"candidate_item_id"}


def test_only_as_many_requests_are_read_as_wanted(tmp_path, rows, monkeypatch):
    monkeypatch.setattr("components.example_columns._BATCH", 100)
    found = screened(tmp_path, rows, limit=150)
    assert found["candidate_item_id"].candidates == 200
