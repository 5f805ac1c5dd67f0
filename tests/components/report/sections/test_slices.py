"""Slices: exact values to sort by, small ones marked, every rung of the ladder."""

from components.report.facts import Evaluation, Measured, Slice
from components.report.sections.slices import ladder_metric, ladders
from tests.components.report.facts_of_a_run import EMPTY, blessed
from tests.components.report.reading import parse, rows, section, text_of


def test_the_slice_table_carries_exact_values_to_sort_by():
    facts = blessed()
    table = parse(facts).get_element_by_id("slices-list")
    shown = table.findall("./tbody/tr")
    expected = facts.evaluation("list").slices
    assert len(shown) == len(expected)
    for row, part in zip(shown, expected, strict=True):
        cells = row.findall("./td")
        assert text_of(cells[0]) == (part.feature or "all rows")
        assert text_of(cells[1]) == part.value
        assert int(cells[2].get("data-v")) == part.count
        raw = cells[3].get("data-v")
        assert float(raw) == part.metrics["ndcg_at_10"].value


def test_small_slices_are_marked_and_unmeasured_values_are_na():
    table = parse(blessed()).get_element_by_id("slices-list")
    smallest = next(row for row in rows(table) if row[:2] == ["user_rung", "1"])
    assert smallest[2] == "3 few"
    assert smallest[5] == "n/a"


def test_the_ladder_shows_every_rung_even_without_requests():
    first = section(parse(blessed()), "slices").find(".//table[@class='ladder']")
    assert [(row[0], row[2], row[3]) for row in rows(first)] == [
        ("0", "–", "0"),
        ("1", "0.0200", "3"),
        ("2-5", "0.0550", "41"),
        ("6-20", "0.0810", "120"),
        ("21+", "0.1120", "779"),
    ]


def test_the_ladder_falls_back_to_what_was_measured():
    part = Slice(feature="user_rung", value="1", metrics={"auc": Measured(value=0.7)})
    evaluation = Evaluation(name="list", metrics=("auc",), slices=(part,))
    assert ladder_metric(evaluation) == "auc"
    (ladder,) = ladders(blessed(evaluations=(evaluation,)))
    assert [rung.text for rung in ladder.rungs] == ["–", "0.7000", "–", "–", "–"]
    assert [rung.count for rung in ladder.rungs] == ["0", "n/a", "0", "0", "0"]


def test_without_an_evaluation_there_is_no_ladder():
    assert ladders(EMPTY) == []
    assert ladder_metric(None) is None
