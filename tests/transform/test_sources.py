"""The three datasets together."""

import polars as pl
import pytest

from transform.errors import DataError
from transform.features import Feature
from transform.settings import DataSettings, Table
from transform.sources import read_data

CITY = Feature(name="city", side="query", kind="category")
TITLE = Feature(name="title", side="candidate", kind="text")


@pytest.fixture
def tables(tmp_path):
    frames = {
        "events": {"user_id": ["u"], "item_id": ["a"], "event_time": [10]},
        "items": {"item_id": ["a", "b", "a", None], "title": ["A", "B", "again", "none"]},
        "users": {"user_id": ["u"], "city": ["Wien"], "secret": ["x"]},
    }
    for name, frame in frames.items():
        pl.DataFrame(frame).write_csv(tmp_path / f"{name}.csv")
    return {name: Table(path=str(tmp_path / f"{name}.csv")) for name in frames}


def test_only_declared_features_are_read(tables):
    data = read_data(DataSettings(**tables), (CITY, TITLE))
    assert data.users.rows() == [("u", "Wien")]
    assert data.items.columns == ["item_id", "title"]


def test_the_first_row_of_an_id_counts_and_rows_without_one_do_not(tables):
    data = read_data(DataSettings(**tables), (TITLE,))
    assert data.items.rows() == [("a", "A"), ("b", "B")]


def test_events_alone_are_enough(tables):
    data = read_data(DataSettings(events=tables["events"]))
    assert (data.items, data.users) == (None, None)
    assert len(data.events.frame) == 1


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (CITY, "side `query` comes from the users table. Received: the feature 'city'"),
        (TITLE, "side `candidate` comes from the items table. Received: the feature 'title'"),
    ],
)
def test_a_feature_needs_its_table(tables, feature, message):
    with pytest.raises(DataError, match=message):
        read_data(DataSettings(events=tables["events"]), (feature,))


def test_a_declared_feature_must_be_a_column(tables):
    age = Feature(name="age", side="query", kind="number")
    with pytest.raises(DataError, match=r"users\.csv must have a column 'age'"):
        read_data(DataSettings(**tables), (age,))


def test_the_present_decides_what_lies_in_the_future(tables):
    with pytest.raises(DataError, match="in the future"):
        read_data(DataSettings(events=tables["events"]), now=-1e6)
