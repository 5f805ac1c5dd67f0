"""What items are called on the console."""

import pytest

from pipeline.loading import load_settings
from pipeline.titles import item_titles, readable

FEATURES = "features: [{name: about, side: candidate, kind: text}]\n"


def titles(tmp_path, header, row, columns="", features=""):
    (tmp_path / "items.csv").write_text(f"{header}\n{row}\n")
    (tmp_path / "my.yaml").write_text(
        "name: shop\nroot: runs\ndata: {events: {path: log.csv}, items: {path: items.csv"
        f"{columns}}}}}\n{features}"
    )
    return item_titles(load_settings(tmp_path / "my.yaml"))


@pytest.mark.parametrize(
    ("header", "row", "columns", "features", "expected"),
    [
        ("item_id,title", "7,Heat", "", "", {"7": "Heat"}),
        ("item_id,Title,price", "7,Heat,3", "", "", {"7": "Heat"}),
        ("movieId,name", "7,Heat", ", columns: {item_id: movieId}", "", {"7": "Heat"}),
        ("item_id,about", "7,Heat", "", FEATURES, {"7": "Heat"}),
        ("item_id,blurb", "7,Heat", ", columns: {about: blurb}", FEATURES, {"7": "Heat"}),
        ("item_id,title,about", "7,Heat,x", "", FEATURES, {"7": "Heat"}),
        ("item_id,price", "7,3", "", "", {}),
        ("item_id,title", "7,", "", "", {}),
    ],
)
def test_the_column_with_the_title_is_found(tmp_path, header, row, columns, features, expected):
    assert titles(tmp_path, header, row, columns, features) == expected


def test_without_an_items_table_there_are_none(tmp_path):
    (tmp_path / "my.yaml").write_text("name: a\nroot: runs\ndata: {events: {path: log.csv}}\n")
    assert item_titles(load_settings(tmp_path / "my.yaml")) == {}


def test_an_item_without_a_title_goes_by_its_id():
    assert readable("7", {"7": "Heat"}) == "Heat"
    assert readable("8", {"7": "Heat"}) == "8"
