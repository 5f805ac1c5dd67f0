"""`sluice init`: from odd tables to settings that are taken."""

import polars as pl
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.loading import load_settings
from pipeline.starter import sample
from transform.reading.event_source import EventReader

MILLISECONDS = 1_700_000_000_000


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments):
    return CliRunner().invoke(app, ["init", *arguments])


def write_log(path, columns=("user_id", "item_id", "event_time"), separator=","):
    rows = [separator.join(columns)]
    for i in range(30):
        cells = [str(i % 5), f"i{i % 7}", str(MILLISECONDS + i * 1000)]
        cells += [str(i % 2)] * (len(columns) - 3)
        rows.append(separator.join(cells))
    path.write_text("\n".join(rows) + "\n")


def test_a_log_and_nothing_else_is_enough(folder):
    write_log(folder / "log.csv")
    result = init("--events", "log.csv", "--out", "my.yaml")
    assert result.exit_code == 0, result.output
    settings = load_settings("my.yaml")
    assert settings.name == "my"
    assert settings.root == folder / "runs" / "my"
    assert settings.data.events.path == str(folder / "log.csv")
    assert settings.data.events.columns == {}
    assert settings.data.events.time_unit == "ms"
    assert settings.data.items is None
    assert settings.features == ()
    assert "event_time is the column 'event_time', unix time in ms" in result.output
    assert "all events count alike" in result.output


@pytest.mark.parametrize(("columns", "usual"), [((), "interaction"), (("event",), "0")])
def test_the_aggregate_that_the_file_suggests_can_be_taken(folder, columns, usual):
    write_log(folder / "log.csv", ("user_id", "item_id", "event_time", *columns))
    assert init("--events", "log.csv", "--out", "my.yaml").exit_code == 0
    text = (folder / "my.yaml").read_text().replace("# aggregates:", "aggregates:")
    (folder / "my.yaml").write_text(text.replace("#   - {name: item_", "  - {name: item_"))
    (aggregate,) = load_settings("my.yaml").aggregates
    assert (aggregate.of, aggregate.count, aggregate.window) == ("item", usual, "28d")


def test_other_names_and_separators_are_mapped(folder):
    write_log(folder / "log.txt", ("userId", "Product ID", "ts", "rating", "event"), ";")
    result = init("--events", "log.txt", "--out", "deep/er/shop.yaml", "--name", "corner-shop")
    assert result.exit_code == 0, result.output
    settings = load_settings("deep/er/shop.yaml")
    assert settings.name == "corner-shop"
    assert settings.data.events.path == str(folder / "log.txt")
    assert settings.data.events.separator == ";"
    assert settings.data.events.columns == {
        "user_id": "userId",
        "item_id": "Product ID",
        "event_time": "ts",
        "event_type": "event",
    }
    assert "Not used from the events: rating" in result.output


def test_columns_of_the_other_tables_become_features(folder):
    write_log(folder / "log.csv")
    genres = ["Action|Drama", "Drama", "Comedy|Action", "Comedy"] * 30
    pl.DataFrame(
        {
            "itemId": [f"i{i}" for i in range(120)],
            "title": [f"The tale of {i} lands" for i in range(120)],
            "genres": genres,
            "sku": [f"x{i}" for i in range(120)],
            "added at": [MILLISECONDS + i for i in range(120)],
            "country": ["DE", "FR", "IT"] * 40,
        }
    ).write_parquet(folder / "items.parquet")
    pl.DataFrame(
        {"uid": range(120), "country": ["DE", "FR", "IT"] * 40, "planet": ["Earth"] * 120}
    ).write_csv(folder / "users.csv", separator="\t")
    result = init(
        *("--events", "log.csv", "--items", "items.parquet", "--users", "users.csv"),
        *("--out", "my.yaml"),
    )
    assert result.exit_code == 0, result.output
    settings = load_settings("my.yaml")
    assert [(f.name, f.side, f.kind, f.separator) for f in settings.features] == [
        ("title", "candidate", "text", None),
        ("genres", "candidate", "category", "|"),
        ("added_at", "candidate", "time", None),
        ("country", "candidate", "category", None),
        ("user_country", "query", "category", None),
    ]
    assert settings.data.items.columns == {"item_id": "itemId", "added_at": "added at"}
    assert settings.data.items.time_unit == "ms"
    assert settings.data.users.columns == {"user_id": "uid", "user_country": "country"}
    assert settings.data.users.separator == "\t"
    assert "items: 'sku' is left out: nearly every row has its own." in result.output
    assert "users: 'planet' is left out: it is the same in every row." in result.output


def test_a_settings_file_is_not_overwritten_unasked(folder):
    write_log(folder / "log.csv")
    (folder / "my.yaml").write_text("precious")
    result = init("--events", "log.csv", "--out", "my.yaml")
    assert result.exit_code == 2
    assert "my.yaml exists. Choose another --out, or give --force" in result.stderr
    assert (folder / "my.yaml").read_text() == "precious"
    assert init("--events", "log.csv", "--out", "my.yaml", "--force").exit_code == 0
    assert load_settings("my.yaml").name == "my"


def test_columns_that_cannot_be_told_are_asked_for_and_taken_as_said(folder):
    write_log(folder / "log.csv", ("who", "what", "when"))
    result = init("--events", "log.csv", "--out", "my.yaml")
    assert result.exit_code == 1
    assert "the log needs a column for user_id" in result.stderr
    assert "'who', 'what', 'when'" in result.stderr
    assert "--column user_id=" in result.stderr
    assert list(folder.glob("*.yaml")) == []
    said = [f"--column={p}" for p in ("user_id=who", "item_id=what", "event_time=when")]
    assert init("--events", "log.csv", "--out", "my.yaml", *said).exit_code == 0
    assert load_settings("my.yaml").data.events.columns["item_id"] == "what"


@pytest.mark.parametrize(
    ("column", "words"),
    [("user_id", "takes OURS=THEIRS"), ("price=x", "takes OURS=THEIRS"), ("user_id=x", "'who'")],
)
def test_a_wrong_column_option_is_refused(folder, column, words):
    write_log(folder / "log.csv", ("who", "what", "when"))
    result = init("--events", "log.csv", "--out", "my.yaml", "--column", column)
    assert result.exit_code != 0
    assert words in result.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("user_id,item_id,event_time\n", "has none"),
        ("user_id,item_id,event_time\n1,a,20240131\n2,b,20240201\n", "look like days"),
        ("user_id,item_id,event_time\n1,a,soon\n2,b,later\n", "must hold times"),
    ],
)
def test_a_bad_log_leaves_no_file(folder, content, words):
    (folder / "log.csv").write_text(content)
    result = init("--events", "log.csv", "--out", "my.yaml")
    assert result.exit_code == 1
    assert words in result.stderr
    assert [path.name for path in folder.iterdir()] == ["log.csv"]


def test_an_items_table_without_its_id_is_refused(folder):
    write_log(folder / "log.csv")
    (folder / "items.csv").write_text("colour,size\nred,1\nblue,2\n")
    result = init("--events", "log.csv", "--items", "items.csv", "--out", "my.yaml")
    assert result.exit_code == 1
    assert "the items table needs a column with the item_id" in result.stderr


def test_awkward_column_names_survive_the_yaml(folder):
    names = ("user: id", "'the' {item}", "- time # of day")
    write_log(folder / "log.csv", names)
    said = [
        f"--column={ours}={theirs}"
        for ours, theirs in zip(("user_id", "item_id", "event_time"), names, strict=True)
    ]
    result = init("--events", "log.csv", "--out", "my.yaml", *said)
    assert result.exit_code == 0, result.output
    assert tuple(load_settings("my.yaml").data.events.columns.values()) == names


def test_words_that_yaml_takes_for_something_else_stay_words(folder):
    write_log(folder / "log.csv")
    words = ["No", "On", "YES", "Null", "True"]
    columns = {word: ["red", "blue"] * 20 for word in words}
    items = pl.DataFrame({"item_id": [f"i{n}" for n in range(40)], **columns})
    items.write_csv(folder / "items.csv")
    result = init("--events", "log.csv", "--items", "items.csv", "--out", "2024.yaml")
    assert result.exit_code == 0, result.output
    settings = load_settings("2024.yaml")
    assert settings.name == "2024"
    assert settings.root == folder / "runs" / "2024"
    assert [feature.name for feature in settings.features] == ["no", "on", "yes", "null", "true"]
    assert list(settings.data.items.columns.values()) == words


@pytest.fixture
def impressions(folder):
    """A log of impressions and what followed, a partition a day, under names of its own."""
    for day in (1, 2, 3):
        path = folder / "log" / f"dt=2024-01-0{day}"
        path.mkdir(parents=True)
        number = range(20)
        pl.DataFrame(
            {
                "uid": [f"u{n % 4}" for n in number],
                "sku": [f"i{n}" for n in number],
                "ts": [1_704_067_200 + day * 86_400 + n for n in number],
                "action": ["shown"] * 15 + ["click"] * 4 + ["buy"],
                "message_id": [f"{day}-{n}" for n in number],
                "searchId": [f"r{n % 5}" for n in number],
                "slot": [n % 5 for n in number],
            }
        ).write_parquet(path / "part.parquet")
        (path / "_SUCCESS").write_text("")
    return folder / "log"


def test_a_partitioned_log_of_impressions(folder, impressions):
    result = init("--events", "log", "--out", "my.yaml")
    assert result.exit_code == 0, result.output
    settings = load_settings("my.yaml")
    assert settings.data.events.path == str(impressions)
    assert settings.data.events.columns == {
        "user_id": "uid",
        "item_id": "sku",
        "event_time": "ts",
        "event_type": "action",
        "event_id": "message_id",
        "request_id": "searchId",
        "position": "slot",
    }
    assert settings.examples.impression_type == "shown"
    assert settings.examples.labels == ("click", "buy")
    assert "'shown' says what was shown" in result.output
    assert "Not used" not in result.output
    text = (folder / "my.yaml").read_text()
    assert "# looked at 60 rows of 3 files" in text
    assert "partitions from 2024-01-01 to 2024-01-03" in text
    assert "window: {last: 3}" in text


def test_what_it_wrote_can_be_read(folder, impressions):
    init("--events", "log", "--out", "my.yaml")
    settings = load_settings("my.yaml")
    reader = EventReader.open(settings.data, settings.features)
    parts = [part for chunk in reader.chunks for part in reader.read(chunk)]
    assert sum(len(part.frame) for part in parts) == 60
    assert {"event_id", "request_id", "position"} < set(parts[0].frame.columns)


def test_without_impressions_there_are_no_labels_and_no_lists(folder):
    write_log(folder / "log.csv", ("user_id", "item_id", "event_time", "event", "position"))
    assert init("--events", "log.csv", "--out", "my.yaml").exit_code == 0
    settings = load_settings("my.yaml")
    assert settings.examples.labels == ()
    assert "position" not in settings.data.events.columns
    assert "window: {" not in (folder / "my.yaml").read_text()


def test_a_column_that_does_not_name_each_event_is_no_event_id(folder):
    write_log(folder / "log.csv", ("user_id", "item_id", "event_time", "message_id"))
    result = init("--events", "log.csv", "--out", "my.yaml")
    assert "event_id" not in load_settings("my.yaml").data.events.columns
    assert "Not used from the events: message_id" in result.output


def test_the_day_of_a_folder_is_the_time_where_there_is_no_other(folder):
    (folder / "log" / "dt=2024-01-01").mkdir(parents=True)
    (folder / "log" / "dt=2024-01-01" / "e.csv").write_text("user_id,item_id\n1,a\n2,b\n")
    assert init("--events", "log", "--out", "my.yaml").exit_code == 0
    assert load_settings("my.yaml").data.events.columns == {"event_time": "dt"}


def test_days_and_months_are_told_apart_by_the_whole_log(folder, monkeypatch):
    monkeypatch.setattr(sample, "ROWS", 5)
    rows = [f"{n},a,03/04/2021" for n in range(9)]
    (folder / "e.csv").write_text("\n".join(["user_id,item_id,date", *rows, "9,b,04/25/2021", ""]))
    assert init("--events", "e.csv", "--out", "my.yaml").exit_code == 0
    (folder / "e.csv").write_text("\n".join(["user_id,item_id,date", *rows, ""]))
    result = init("--events", "e.csv", "--out", "other.yaml")
    assert "which number is the month" in result.stderr


def test_items_that_change_say_since_when(folder):
    write_log(folder / "log.csv")
    pl.DataFrame(
        {
            "item_id": ["a", "a"] * 20,
            "valid_from": [1_700_000_000 + n for n in range(40)],
            "colour": ["red", "blue"] * 20,
        }
    ).write_parquet(folder / "items.parquet")
    result = init("--events", "log.csv", "--items", "items.parquet", "--out", "my.yaml")
    assert result.exit_code == 0, result.output
    assert [feature.name for feature in load_settings("my.yaml").features] == ["colour"]
    assert "'valid_from' says since when a row holds" in result.output


def test_items_that_come_and_go_say_when(folder):
    """Under other names than ours, and with a unit of their own."""
    write_log(folder / "log.csv")
    starts = [1_700_000_000_000 + n for n in range(40)]
    pl.DataFrame(
        {
            "item_id": [f"i{n}" for n in range(40)],
            "onSaleFrom": starts,
            "discontinued_at": [None] * 39 + [starts[-1]],
            "colour": ["red", "blue"] * 20,
        }
    ).write_parquet(folder / "items.parquet")
    result = init("--events", "log.csv", "--items", "items.parquet", "--out", "my.yaml")
    assert result.exit_code == 0, result.output
    settings = load_settings("my.yaml")
    assert [feature.name for feature in settings.features] == ["available_from", "colour"]
    assert settings.data.items.columns == {
        "available_from": "onSaleFrom",
        "available_to": "discontinued_at",
    }
    assert settings.data.items.time_unit == "ms"
    assert "'discontinued_at' says until when an item may be shown" in result.output


def test_a_column_that_only_sounds_like_a_limit_is_a_feature(folder):
    write_log(folder / "log.csv")
    pl.DataFrame(
        {"item_id": [f"i{n}" for n in range(40)], "available_at": ["shop", "web"] * 20}
    ).write_parquet(folder / "items.parquet")
    assert (
        init("--events", "log.csv", "--items", "items.parquet", "--out", "my.yaml").exit_code == 0
    )
    settings = load_settings("my.yaml")
    assert [feature.name for feature in settings.features] == ["available_at"]
    assert settings.data.items.columns == {}
