"""The dataset as a whole."""

import hashlib

import polars as pl

from tests.transform.logs import write_dataset
from transform.features import Feature
from transform.settings import ExampleSettings

ROWS = [
    ("u", "a", 10),
    ("u", "b", 20),
    ("u", "c", 30),
    ("u", "d", 40),
    ("v", "a", 15),
]


def test_user_states_hold_every_event_oldest_first_and_the_features(tmp_path):
    users = pl.DataFrame({"user_id": ["u", "v"], "city": ["Wien", None]})
    city = Feature(name="city", side="query", kind="category")
    dataset = write_dataset(tmp_path, ROWS, users=users, features=(city,))
    states = {row["user_id"]: row for row in dataset.user_states().iter_rows(named=True)}
    assert states["u"]["history_item_id"] == ["a", "b", "c", "d"]
    assert states["u"]["history_event_type"] == ["interaction"] * 4
    assert states["u"]["history_time"] == [10, 20, 30, 40]
    assert (states["u"]["city"], states["v"]["city"]) == ("Wien", None)


def test_user_states_keep_the_latest_events_of_long_histories(tmp_path):
    examples = ExampleSettings(max_history=2)
    dataset = write_dataset(tmp_path, ROWS, examples=examples)
    states = dict(dataset.user_states().select("user_id", "history_item_id").iter_rows())
    assert states == {"u": ["c", "d"], "v": ["a"]}


def test_the_digest_is_that_of_the_rows_asked_for(tmp_path):
    dataset = write_dataset(tmp_path, ROWS)
    assert dataset.eval_targets_digest() == hashlib.sha256(b"u\td").hexdigest()
