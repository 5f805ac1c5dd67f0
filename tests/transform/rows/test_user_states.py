"""What the online side reads of every user."""

import polars as pl

from tests.transform.logs import write_dataset
from transform.features import Feature
from transform.rows.user_states import user_states
from transform.settings import ExampleSettings

ROWS = [
    ("u", "a", 10),
    ("u", "b", 20),
    ("u", "seen", 25, "impression"),
    ("u", "c", 30),
    ("u", "d", 40),
    ("v", "a", 15),
    ("w", "seen", 16, "impression"),
]


def states_of(tmp_path, **settings):
    dataset = write_dataset(tmp_path, ROWS, **settings)
    states = user_states(dataset.log.histories, dataset.shop)
    return {row["user_id"]: row for row in states.iter_rows(named=True)}


def test_they_hold_every_behaviour_oldest_first_and_the_features(tmp_path):
    users = pl.DataFrame({"user_id": ["u", "v"], "city": ["Wien", None]})
    city = Feature(name="city", side="query", kind="category")
    states = states_of(tmp_path, users=users, features=(city,))
    assert states["u"]["history_item_id"] == ["a", "b", "c", "d"]
    assert states["u"]["history_event_type"] == ["interaction"] * 4
    assert states["u"]["history_time"] == [10, 20, 30, 40]
    assert (states["u"]["city"], states["v"]["city"]) == ("Wien", None)


def test_a_user_who_only_was_shown_things_has_an_empty_history(tmp_path):
    assert states_of(tmp_path)["w"]["history_item_id"] == []


def test_they_keep_the_latest_events_of_long_histories(tmp_path):
    states = states_of(tmp_path, examples=ExampleSettings(max_history=2))
    assert {user: row["history_item_id"] for user, row in states.items()} == {
        "u": ["c", "d"],
        "v": ["a"],
        "w": [],
    }
