"""The three datasets together."""

import polars as pl
import pytest

from tests.transform.whole_log import read_data
from transform.errors import DataError
from transform.features import Feature
from transform.reading.sources import read_items
from transform.settings import DataSettings, Table

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


@pytest.mark.parametrize("broken", ["b\nc", "b\rc"])
def test_an_item_id_that_no_vocabulary_can_hold_is_refused(tmp_path, tables, broken):
    items = pl.DataFrame({"item_id": ["a", broken, "d"], "title": ["A", "B", "D"]})
    items.write_parquet(tmp_path / "items.parquet")
    settings = DataSettings(
        events=tables["events"], items=Table(path=str(tmp_path / "items.parquet"))
    )
    rule = r"items\.parquet must hold ids without line breaks. Received: 'b\\[nr]c' \(1 rows\)"
    with pytest.raises(DataError, match=rule):
        read_items(settings, (TITLE,))


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


@pytest.fixture
def dated(tmp_path):
    frame = pl.DataFrame(
        {
            "item_id": ["b", "a", "a", "a", "c", "d"],
            "title": ["B", "old", "new", "new again", "C", "ever"],
            "valid_from": [50, 10, 30, 30, 99, None],
        }
    )
    frame.write_parquet(tmp_path / "items.parquet")
    (tmp_path / "events.csv").write_text("user_id,item_id,event_time\nu,a,10\n")
    return DataSettings(
        events=Table(path=str(tmp_path / "events.csv")),
        items=Table(path=str(tmp_path / "items.parquet")),
    )


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (None, [("b", "B"), ("a", "new"), ("c", "C"), ("d", "ever")]),
        (50, [("b", "B"), ("a", "new"), ("d", "ever")]),
        (49, [("a", "new"), ("d", "ever")]),
        (29, [("a", "old"), ("d", "ever")]),
        (9, [("d", "ever")]),
    ],
)
def test_the_latest_row_counts_that_holds_at_the_time(dated, as_of, expected):
    assert read_items(dated, (TITLE,), as_of=as_of).rows() == expected


def test_without_a_time_the_first_row_counts_at_any_time(tables):
    items = read_items(DataSettings(**tables), (TITLE,), as_of=0)
    assert items.rows() == [("a", "A"), ("b", "B")]


def test_the_time_since_when_a_row_holds_may_be_a_folder(tmp_path, dated):
    for day, title in (("2024-01-01", "January"), ("2024-02-01", "February")):
        folder = tmp_path / "snapshots" / f"dt={day}"
        folder.mkdir(parents=True)
        pl.DataFrame({"item_id": ["a"], "title": [title]}).write_parquet(folder / "i.parquet")
    items = Table(path=str(tmp_path / "snapshots"), columns={"valid_from": "dt"})
    settings = dated.model_copy(update={"items": items})
    middle_of_january = 1_705_276_800
    assert read_items(settings, (TITLE,), as_of=middle_of_january)["title"].to_list() == ["January"]
    assert read_items(settings, (TITLE,))["title"].to_list() == ["February"]


def test_the_time_may_be_a_feature_as_well(dated):
    since = Feature(name="valid_from", side="candidate", kind="time")
    assert read_items(dated, (since,), as_of=29).rows() == [("a", 10), ("d", None)]


@pytest.fixture
def limited(tmp_path, dated):
    """Two files: one says from when and until when items may be shown, the other only until."""
    folder = tmp_path / "limited"
    folder.mkdir()
    (folder / "a.csv").write_text(
        "item_id,available_from,available_to\na,2024-01-01,\nb,,2024-01-03\n"
    )
    (folder / "b.csv").write_text("item_id,available_to\nc,2024-01-02\n")
    return dated.model_copy(update={"items": Table(path=str(folder))})


def test_availability_is_read_where_a_file_has_it(limited):
    day = 1_704_067_200  # 2024-01-01
    assert read_items(limited, ()).sort("item_id").rows() == [
        ("a", day, None),
        ("b", None, day + 2 * 86_400),
        ("c", None, day + 86_400),
    ]


def test_availability_may_be_a_feature_as_well(limited):
    until = Feature(name="available_to", side="candidate", kind="time")
    columns = read_items(limited, (until,)).columns
    assert columns == ["item_id", "available_to", "available_from"]


def test_the_latest_row_says_when_an_item_is_available(dated):
    path = dated.items.path
    pl.read_parquet(path).with_columns(available_to=pl.col("valid_from") + 100).write_parquet(path)
    assert read_items(dated, (), as_of=40).rows() == [("a", 130), ("d", None)]


def test_a_table_without_rows_has_none(tmp_path, tables):
    (tmp_path / "items.csv").write_text("item_id,title\n")
    assert read_items(DataSettings(**tables), (TITLE,)).schema == {
        "item_id": pl.String,
        "title": pl.String,
    }


def test_the_order_of_files_is_that_of_their_content(tmp_path, tables):
    titles = []
    for names in (("a", "b"), ("b", "a")):
        folder = tmp_path / names[0]
        folder.mkdir()
        for name, title in zip(names, ("one", "two"), strict=True):
            (folder / f"{name}.csv").write_text(f"item_id,title\nx,{title}\n")
        settings = DataSettings(events=tables["events"], items=Table(path=str(folder)))
        titles.append(read_items(settings, (TITLE,)).rows())
    assert titles[0] == titles[1]
