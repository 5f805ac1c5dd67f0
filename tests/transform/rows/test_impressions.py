"""Ranking rows from what users were shown, on logs small enough to work out by hand."""

import numpy as np
import polars as pl
import pytest

from tests.transform.logs import frame
from transform.event_log import EventLog
from transform.rows.impressions import shown_lists
from transform.settings import ExampleSettings
from transform.splits import EVALUATING, TRAINING, VALIDATING

HOUR = 3600


def shown(rows, *, extra=None, periods=None, period=TRAINING, **settings):
    """Lists as dicts: the time, and item -> label (or the labels of event types)."""
    columns = {**(extra or {}), "#period": periods or [0] * len(rows)}
    log = EventLog.of(frame(rows, columns), impression_type="impression")
    examples = ExampleSettings(**{"labels": ("click", "buy"), **settings})
    keys = np.arange(1, 1 + len(log.histories.users), dtype=np.uint64)
    found = shown_lists(log.histories, log.types.to_list(), examples, keys, period)
    items = np.split(log.items.gather(found.item).to_numpy(), np.cumsum(found.counts)[:-1])
    time = log.histories.events["event_time"].gather(found.event).to_list()
    return time, [list(some) for some in items], found


def test_impressions_of_one_second_are_a_list():
    rows = [("u", item, 10, "impression") for item in "ab"] + [("u", "c", 11, "impression")]
    time, items, _ = shown(rows)
    assert (time, items) == ([10, 11], [["a", "b"], ["c"]])


def test_a_request_id_says_what_was_shown_at_once():
    rows = [
        ("u", "a", 10, "impression"),
        ("u", "b", 10, "impression"),
        ("u", "c", 12, "impression"),
    ]
    time, items, _ = shown(rows, extra={"request_id": ["r1", "r2", "r1"]})
    assert (time, items) == ([10, 10], [["a", "c"], ["b"]])


def test_impressions_that_no_request_claims_belong_together_by_their_time():
    rows = [
        ("u", "a", 10, "impression"),
        ("u", "b", 10, "impression"),
        ("u", "c", 12, "impression"),
    ]
    _, items, _ = shown(rows, extra={"request_id": [None, None, "r1"]})
    assert items == [["a", "b"], ["c"]]


def test_an_item_shown_twice_in_a_list_is_one_candidate():
    rows = [
        ("u", "a", 10, "impression"),
        ("u", "b", 10, "impression"),
        ("u", "a", 11, "impression"),
        ("u", "a", 12, "click"),
    ]
    _, items, found = shown(rows, extra={"request_id": ["r", "r", "r", "r"]})
    assert items == [["a", "b"]]
    assert found.label.tolist() == found.labels["click"].tolist() == [1.0, 0.0]


def test_a_deed_is_credited_to_the_latest_impression_of_its_item_before_it():
    rows = [
        ("u", "a", 10, "impression"),
        ("u", "a", 20, "impression"),
        ("u", "b", 20, "impression"),
        ("u", "a", 30, "click"),
        ("v", "b", 25, "impression"),
        ("v", "a", 26, "click"),  # never shown to v
    ]
    _, items, found = shown(rows)
    by_list = np.split(found.label, np.cumsum(found.counts)[:-1])
    labels = {tuple(some): list(label) for some, label in zip(items, by_list, strict=True)}
    assert labels == {("a",): [0.0], ("a", "b"): [1.0, 0.0], ("b",): [0.0]}


@pytest.mark.parametrize(
    ("named", "labels"),
    [
        ("r1", [1.0, 0.0, 0.0]),
        ("r2", [0.0, 1.0, 0.0]),
        ("r3", [0.0, 1.0, 0.0]),  # which did not show the item
        (None, [0.0, 1.0, 0.0]),
    ],
)
def test_a_deed_is_credited_to_the_list_that_it_names(named, labels):
    rows = [
        ("u", "a", 10, "impression"),
        ("u", "a", 12, "impression"),
        ("u", "b", 14, "impression"),
        ("u", "a", 20, "click"),
    ]
    _, items, found = shown(rows, extra={"request_id": ["r1", "r2", "r3", named]})
    assert items == [["a"], ["a"], ["b"]]
    assert found.label.tolist() == labels


def test_a_deed_too_late_for_the_list_that_it_names_counts_for_none():
    rows = [
        ("u", "a", 0, "impression"),
        ("u", "a", 2 * HOUR, "impression"),
        ("u", "a", 3 * HOUR, "click"),
    ]
    _, _, found = shown(rows, extra={"request_id": ["r1", "r2", "r1"]}, attribution_hours=2)
    assert found.label.tolist() == [0.0, 0.0]


def test_every_event_type_has_a_label_of_its_own():
    rows = [
        ("u", "a", 10, "impression"),
        ("u", "b", 10, "impression"),
        ("u", "a", 11, "click"),
        ("u", "b", 12, "view"),
    ]
    _, _, found = shown(rows)
    assert found.label.tolist() == [1.0, 1.0]
    assert found.labels["click"].tolist() == [1.0, 0.0]
    assert found.labels["buy"].tolist() == [0.0, 0.0]  # a type that the log does not have


def test_a_deed_counts_for_so_many_hours_and_no_longer():
    rows = [
        ("u", "a", 0, "impression"),
        ("u", "b", 0, "impression"),
        ("u", "a", 2 * HOUR, "click"),
        ("u", "b", 2 * HOUR + 1, "click"),
    ]
    _, _, found = shown(rows, attribution_hours=2)
    assert found.label.tolist() == [1.0, 0.0]


def test_nothing_after_the_training_period_is_shown_or_credited():
    rows = [
        ("u", "a", 10, "impression"),
        ("u", "a", 20, "click"),
        ("u", "b", 30, "impression"),
    ]
    time, _, found = shown(rows, periods=[0, 2, 2])
    assert time == [10]
    assert found.label.tolist() == [0.0]


def test_only_the_latest_lists_of_a_user_are_kept():
    rows = [("u", "a", 10 * n, "impression") for n in range(5)]
    assert shown(rows, ranking_rows_per_user=2)[0] == [30, 40]


def test_a_long_list_keeps_its_deeds_and_says_with_what_probability_the_others_were_kept():
    rows = [("u", f"i{n:02d}", 10, "impression") for n in range(20)]
    rows += [("u", "i03", 11, "click"), ("u", "i07", 12, "buy")]
    _, items, found = shown(rows, candidates=8)
    assert len(items[0]) == 8
    assert {"i03", "i07"} <= set(items[0])
    kept = dict(zip(items[0], found.probability, strict=True))
    assert kept["i03"] == 1.0
    assert kept[next(item for item in items[0] if item not in ("i03", "i07"))] == 6 / 18


def test_thinning_out_is_fair():
    """Over many lists every item is kept about as often as the probability says."""
    rows = [(f"u{u}", f"i{n}", 10, "impression") for u in range(400) for n in range(8)]
    _, items, _ = shown(rows, candidates=4)
    counts = pl.Series([item for some in items for item in some]).value_counts()["count"]
    # Binomial with 400 draws of 1/2: five standard deviations are 50.
    assert counts.cast(pl.Int64).to_numpy() == pytest.approx(200, abs=50)


@pytest.mark.parametrize(
    ("period", "expected", "labels"),
    [
        (TRAINING, ["a", "b"], [0.0, 0.0]),
        (VALIDATING, ["a", "c"], [1.0, 0.0]),
        (EVALUATING, ["b"], [0.0]),
    ],
)
def test_each_period_has_lists_and_deeds_of_its_own(period, expected, labels):
    rows = [
        ("u", "a", 10, "impression"),
        ("u", "b", 10, "impression"),
        ("u", "a", 20, "impression"),
        ("u", "c", 20, "impression"),
        ("u", "a", 25, "click"),
        ("u", "b", 30, "impression"),
        ("u", "c", 35, "click"),  # of a list in the period before
    ]
    periods = [TRAINING, TRAINING, VALIDATING, VALIDATING, VALIDATING, EVALUATING, EVALUATING]
    _, (items,), found = shown(rows, periods=periods, period=period)
    assert (items, list(found.label)) == (expected, labels)


def test_a_list_has_the_order_of_its_places():
    rows = [("u", item, 10, "impression") for item in "abcd"]
    _, items, _ = shown(rows, extra={"position": [2, None, 0, 10]})
    assert items == [["c", "a", "d", "b"]]


@pytest.mark.parametrize(("period", "length"), [(TRAINING, 3), (VALIDATING, 12)])
def test_held_out_lists_stay_whole(period, length):
    rows = [("u", f"i{n}", 10, "impression") for n in range(12)]
    _, (items,), found = shown(rows, periods=[period] * 12, period=period, candidates=3)
    assert len(items) == length
    assert set(found.probability) == {length / 12}
