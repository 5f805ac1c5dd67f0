"""The comparison with the baselines shows what was measured."""

from components.report.facts import QualityRow
from components.report.sections.quality import comparison
from tests.components.report.facts_of_a_run import EMPTY, blessed
from tests.components.report.reading import parse, rows, section, text_of


def test_the_quality_table_equals_the_facts():
    table = section(parse(blessed()), "quality").find(".//table")
    assert [text_of(cell) for cell in table.findall("./thead/tr/th")] == [
        "Recommender",
        "NDCG@10",
        "Recall@10",
        "MRR@10",
    ]
    assert rows(table) == [
        ["This recommender", "0.1043", "0.1951", "0.0771"],
        ["Sequential rules", "0.1012", "0.1866", "0.0757"],
        ["ItemKNN", "0.0921", "0.1718", "0.0688"],
        ["Recently popular", "0.0587", "0.1124", "0.0429"],
        ["Most popular", "0.0421", "0.0859", "0.0291"],
    ]


def test_a_baseline_without_a_metric_shows_na():
    own = QualityRow(model="recommender", metrics={"ndcg_at_10": 0.1, "coverage": 0.5})
    other = QualityRow(model="most_popular", metrics={"ndcg_at_10": 0.05})
    table = section(parse(blessed(quality=(own, other))), "quality").find(".//table")
    assert rows(table)[1] == ["Most popular", "0.0500", "n/a"]


def test_bars_are_relative_to_the_best_of_their_column():
    own, other = (
        QualityRow(model=model, metrics={"ndcg_at_10": value})
        for model, value in (("recommender", 0.05), ("item_knn", 0.1))
    )
    table = section(parse(blessed(quality=(own, other))), "quality").find(".//table")
    fills = [e.get("width") for e in table.iter("rect") if e.get("class") == "fill"]
    assert fills == ["50.0%", "100.0%"]


def test_nothing_measured_is_no_comparison():
    assert comparison(EMPTY) is None
