"""Names, types, order and repairs of the tables."""

import zipfile

import polars as pl
import pytest

from pipeline.datasets import movielens_sources as sources
from pipeline.datasets.errors import FetchError


@pytest.fixture
def tables(pinned, wheel_file):
    return sources.from_wheel(pinned.read(wheel_file))


def test_events_keep_their_order_and_take_their_types(tables):
    assert tables["events"].to_dict(as_series=False) == {
        "user_id": ["7", "7", "9"],
        "item_id": ["2", "1", "1"],
        "event_time": [100, 100, 50],
        "rating": [5.0, 3.0, 4.0],
    }
    assert tables["events"].schema["event_time"] == pl.Int64
    assert tables["events"].schema["rating"] == pl.Float32


def test_items_have_titles_and_years(tables):
    assert tables["items"].rows() == [
        ("1", "Toy Story", 1995, "Animation Children's Comedy"),
        ("2", "unknown", None, "unknown"),
        ("3", 'The "Giving"', 1995, "Sci-Fi"),
    ]


def test_users_keep_leading_zeros(tables):
    assert tables["users"].rows() == [
        ("7", 24, "M", "technician", "05201"),
        ("9", 53, "F", "other", "T8H1N"),
    ]


def test_other_events_are_refused(pinned, wheel_file, monkeypatch):
    monkeypatch.setattr(sources, "EVENTS_SHA256", "0" * 64)
    with pytest.raises(FetchError, match="another data set or a damaged copy"):
        sources.from_wheel(pinned.read(wheel_file))


@pytest.mark.parametrize("content", [None, b"no zip", {"other/u.data": "x"}])
def test_an_archive_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "ml-100k.zip"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)
    with pytest.raises(FetchError, match=r"--archive takes GroupLens' ml-100k\.zip"):
        sources.from_archive(path)
