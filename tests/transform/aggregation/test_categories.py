"""Categories of items, in columns."""

import numpy as np
import polars as pl

from transform.aggregation.categories import Categories


def of_items(categories, items):
    counts, codes = categories.of_items(np.array(items, np.int64))
    return counts.tolist(), categories.names.gather(codes).to_list()


def test_an_item_has_every_category_once():
    categories = Categories.of(pl.Series(["jazz|folk|jazz", "", None, "folk||"]), "|")
    assert categories.names.to_list() == ["folk", "jazz"]
    assert of_items(categories, [3, 0, 1, 2, 0]) == (
        [1, 2, 0, 0, 2],
        ["folk", "folk", "jazz", "folk", "jazz"],
    )


def test_without_a_separator_a_text_is_one_category():
    categories = Categories.of(pl.Series(["jazz|folk", "jazz"]), None)
    assert of_items(categories, [0, 1]) == ([1, 1], ["jazz|folk", "jazz"])


def test_a_feature_that_no_item_has():
    assert of_items(Categories.of(pl.Series(["", None]), "|"), [0, 1]) == ([0, 0], [])
