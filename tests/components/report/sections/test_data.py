"""Data: the account adds up, and every declared feature has a line."""

import pytest

from components.report.sections.data import features, flow, periods, splits
from tests.components.report.facts_of_a_run import blessed
from tests.components.report.reading import parse, rows, section
from transform.features import Feature


def test_the_data_account_adds_up_on_the_page():
    flow = rows(section(parse(blessed()), "data").find(".//table"))
    counts = {row[0]: int(row[1].replace(",", "")) for row in flow}
    whole = counts.pop("Rows read")
    assert whole == sum(counts.values()) == 100_060
    assert counts["Rejected: user_id is missing"] == 10


def test_every_declared_feature_has_a_line():
    facts = blessed()
    tables = section(parse(facts), "data").findall(".//table")
    assert [row[0] for row in rows(tables[-1])] == [feature.name for feature in facts.features]


def test_periods_lie_on_one_time_line():
    rows_of_periods = periods(blessed().account)
    assert [row.name for row in rows_of_periods] == ["training", "validation", "evaluation"]
    assert rows_of_periods[0].first == "1997-09-20 03:05"
    assert rows_of_periods[-1].last == "1998-04-22 23:10"


def test_an_empty_period_has_no_bar():
    empty = {"events": 0, "first_time": None, "last_time": None}
    account = blessed().account.model_copy(update={"periods": {"training": empty}})
    (row,) = periods(account)
    assert (row.events, row.first, row.span) == ("0", "n/a", "")


def test_only_written_splits_are_listed():
    account = blessed().account.model_copy(update={"rows_out": {"eval": 12_345}})
    assert [(row.name, row.rows) for row in splits(account)] == [("eval", "12,345")]


def test_where_lists_were_shown_they_take_the_part_of_the_held_out_requests():
    rows_out = {"validation": 1, "eval": 2, "shown_validation": 3, "shown_eval": 4}
    account = blessed().account.model_copy(update={"rows_out": rows_out})
    purposes = {row.name: row.purpose for row in splits(account)}
    assert list(purposes) == list(rows_out)
    assert "calibrate" in purposes["shown_validation"]
    assert "calibrate" not in purposes["validation"]
    assert purposes["eval"].endswith("measure the lists")


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"kind": "category", "separator": "|"}, "several values split at '|'"),
        ({"kind": "text", "buckets": 4096}, "hashed into 4,096 buckets"),
        ({"kind": "number"}, "a missing one is marked"),
        ({"kind": "time"}, "days"),
    ],
)
def test_features_say_how_the_models_see_them(declared, words):
    feature = Feature(name="x", side="candidate", **declared)
    (row,) = features(blessed(features=(feature,)))
    assert words in row.how
    assert row.side == "the item"


def test_without_an_account_there_is_nothing_to_draw():
    assert (flow(None), periods(None), splits(None)) == ([], [], [])
