"""Popularity lift, novelty and diversity of the shown lists, from first principles."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.metrics.computing import compute
from trainer.metrics.item_table import ItemTable
from trainer.metrics.list_extractors import MeasureLists
from trainer.metrics.shown_items import LIST_NUMBERS, ShownItemsMetric, measure_lists

NAMES = [b"a", b"b", b"c", b"d"]
COUNTS = np.array([6, 3, 1, 0])
VECTORS = np.array([[1, 0], [2, 0], [0, 1], [-3, 0]], np.float32)
TABLE = ItemTable(NAMES, COUNTS, VECTORS)
LIFT, NOVELTY, DIVERSITY = (
    "popularity_lift_at_10",
    "novelty_at_10",
    "intra_list_diversity_at_10",
)


def extracts(*lists):
    """One extract a list, as the extractor makes them."""
    width = max(map(len, lists))
    rows = TABLE.rows(item for shown in lists for item in [*shown, *[b""] * (width - len(shown))])
    numbers = measure_lists(rows.reshape(len(lists), width), TABLE)
    return [{LIST_NUMBERS: {"": row}} for row in numbers]


def value(name, *lists):
    return compute(ShownItemsMetric(name), extracts(*lists), "item_id")[name]


def test_popularity_lift():
    # A behaviour of the log is with an item of 6, 3 or 1 behaviours, 4.6 on average.
    assert value(LIFT, [b"a"], [b"b", b"d"]) == pytest.approx((6 + 1.5) / 2 / 4.6)
    as_the_log = [[b"a"]] * 6 + [[b"b"]] * 3 + [[b"c"]]
    assert value(LIFT, *as_the_log) == pytest.approx(1.0)


def test_novelty_is_the_mean_self_information():
    bits = [-math.log2((count + 1) / 14) for count in COUNTS]
    assert value(NOVELTY, [b"a", b"d"], [b"c"]) == pytest.approx(
        ((bits[0] + bits[3]) / 2 + bits[2]) / 2
    )


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ([b"a", b"b"], 0.0),  # the length of a vector does not matter
        ([b"a", b"c"], 1.0),
        ([b"a", b"d"], 2.0),
        ([b"a", b"b", b"c"], 2 / 3),
    ],
)
def test_diversity_is_one_minus_the_mean_cosine(shown, expected):
    assert value(DIVERSITY, shown) == pytest.approx(expected, abs=1e-7)


def test_lists_that_a_metric_has_too_few_items_for_do_not_count():
    assert value(DIVERSITY, [b"a", b"c"], [b"a"], []) == pytest.approx(1.0)
    assert value(LIFT, [b"a"], [b"gone"], []) == value(LIFT, [b"a"])
    for name in (LIFT, NOVELTY, DIVERSITY):
        assert math.isnan(value(name, [b"gone"]))
        assert math.isnan(compute(ShownItemsMetric(name), [], "item_id")[name])


@given(st.lists(st.lists(st.sampled_from([*NAMES, b"gone"]), max_size=10), min_size=1, max_size=12))
def test_how_rows_are_split_up_changes_no_bit(lists):
    for name in (LIFT, NOVELTY, DIVERSITY):
        rows = extracts(*lists, [b"a", b"b"])
        values = [compute(ShownItemsMetric(name), rows, "item_id", n)[name] for n in (1, 2, 5)]
        backwards = compute(ShownItemsMetric(name), rows[::-1], "item_id", 3)[name]
        assert values == [backwards] * 3
        assert type(backwards) is float


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"must be one of popularity_lift.*Received: 'charm'"):
        ShownItemsMetric("charm")


def test_lists_that_no_extractor_has_measured_are_refused():
    with pytest.raises(ValueError, match=r"need lists that were measured.*a row with predictions"):
        compute(ShownItemsMetric(NOVELTY), [{"predictions": {}}], "item_id")


def test_the_table_comes_back_as_it_was_written(tmp_path):
    TABLE.write(tmp_path / "items.parquet")
    read = ItemTable.read(tmp_path / "items.parquet")
    assert read.names == NAMES
    np.testing.assert_array_equal(read.counts, COUNTS)
    np.testing.assert_array_equal(read.vectors, VECTORS)
    assert read.rows([b"c", b"", b"gone"]).tolist() == [2, -1, -1]


def test_a_model_without_its_table_is_refused(tmp_path):
    with pytest.raises(ValueError, match="table of items beside the model"):
        ItemTable.read(tmp_path / "items.parquet")


def test_a_batch_is_measured_by_model_and_loses_what_nothing_reads(tmp_path):
    TABLE.write(tmp_path / "items.parquet")
    batch = {
        "predictions": {
            "candidate": {"item_id": np.array([[b"a", b"c"], [b"a", b"b"]], object)},
            "baseline": {"item_id": np.array([[b"d", b""], [b"", b""]], object)},
        },
        "features": {"history_item_id": [1, 2], "user_rung": np.array([[b"0"], [b"1"]])},
    }
    measure = MeasureLists(tmp_path / "items.parquet", ["candidate", "baseline"])
    measure.setup()
    (out,) = measure.process(batch)
    assert set(out["features"]) == {"user_rung"}
    assert out[LIST_NUMBERS]["candidate"][:, 0].tolist() == [1, 1]
    assert out[LIST_NUMBERS]["baseline"][:, 0].tolist() == [1, 0]
    assert "history_item_id" in batch["features"]  # Beam forbids changing what comes in
