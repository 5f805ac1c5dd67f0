"""The page says what the facts say, escapes what comes from data, and loads nothing."""

import re

import lxml.html
import pytest

from components.checks import Bound
from components.report.facts import Evaluation, Gate, Measured, QualityRow, Slice
from components.report.page import SECTIONS, render
from tests.components.report.facts_of_a_run import EMPTY, blessed, withheld

HOSTILE = "<script>alert('x')</script><img src=http://evil.example/x onerror=alert(1)>\"'&"
MAX_BYTES = 1_000_000


def parse(facts):
    return lxml.html.document_fromstring(render(facts))


def text_of(element):
    return " ".join(element.text_content().split())


def rows(table):
    """Texts of the cells of a table's body."""
    return [[text_of(cell) for cell in row] for row in table.findall("./tbody/tr")]


def section(page, name):
    return page.get_element_by_id(name)


def test_the_verdict_stands_on_top():
    page = parse(blessed())
    assert text_of(page.find(".//h1")) == "✓ BLESSED"
    assert text_of(page.get_element_by_id("verdict")).endswith("served as version 3.")
    assert page.findtext(".//title").startswith("BLESSED")


def test_a_withheld_model_shows_as_withheld_with_the_reason():
    page = parse(withheld())
    assert text_of(page.find(".//h1")) == "✕ WITHHELD"
    assert "lists are worse than those of ItemKNN" in text_of(page.get_element_by_id("verdict"))
    gate = section(page, "checks").findall("./details")[1]
    assert gate.get("open") is not None
    assert rows(gate.find("./table"))[0] == [
        "✕ Fail",
        "NDCG@10",
        "0.0500",
        "at least 0.1",
        "lists are worse than those of ItemKNN",
    ]
    assert "BLESSED" not in page.text_content()


def test_a_model_that_fails_on_the_server_is_not_called_blessed():
    page = parse(blessed(infra_blessed=False))
    assert text_of(page.find(".//h1")) == "✕ WITHHELD"


def test_failed_checks_come_first_and_many_passed_ones_are_folded():
    rule = Bound(name="auc", lower=0.5)
    passed = tuple(rule.check(0.9, subject=f"user_rung={i}") for i in range(40))
    folded = parse(blessed(gates=(Gate(name="verdict", measured=True, checks=passed),)))
    assert section(folded, "checks").findall("./details")[1].get("open") is None
    failed = Gate(name="verdict", measured=True, checks=(*passed, rule.check(0.4)))
    gate = section(parse(blessed(gates=(failed,))), "checks").findall("./details")[1]
    assert gate.get("open") is not None
    assert rows(gate.find("./table"))[0][:3] == ["✕ Fail", "AUC", "0.4000"]


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


def test_training_curves_name_the_best_epoch():
    captions = [text_of(c) for c in section(parse(blessed()), "models").iter("figcaption")]
    assert "Ranker: Loss over 5 epochs. Best on validation rows: 0.1210 in epoch 3." in captions
    assert any("NDCG@10 over 14 epochs. Best on validation rows" in text for text in captions)


def test_what_was_not_measured_says_so():
    page = parse(EMPTY)
    assert text_of(page.find(".//h1")) == "– NO VERDICT"
    for name in ("checks", "quality", "slices", "models", "data", "serving"):
        assert "not measured in this run" in text_of(section(page, name))


def test_every_link_leads_to_a_section():
    page = parse(blessed())
    assert [a.get("href") for a in page.iter("a")] == [f"#{name}" for name, _ in SECTIONS]
    for name, _ in SECTIONS:
        assert section(page, name).find("./h2") is not None


@pytest.fixture(scope="module")
def hostile_page():
    rule = Bound(name=HOSTILE, lower=1.0, why=HOSTILE)
    part = Slice(
        feature=HOSTILE, value=HOSTILE, count=99, metrics={"ndcg_at_10": Measured(value=0.1)}
    )
    facts = blessed()
    account = facts.account.model_copy(update={"dead_letters": {HOSTILE: 3}})
    return render(
        facts.model_copy(
            update={
                "pipeline": HOSTILE,
                "settings": f"name: {HOSTILE}",
                "account": account,
                "gates": (Gate(name="data", measured=True, checks=(rule.check(0.5),)),),
                "quality": (QualityRow(model=HOSTILE, metrics={HOSTILE: 0.1}),),
                "evaluations": (
                    Evaluation(name="list", metrics=("ndcg_at_10",), slices=(part, part)),
                ),
            }
        )
    )


def test_hostile_strings_stay_text(hostile_page):
    page = lxml.html.document_fromstring(hostile_page)
    assert len(list(page.iter("script"))) == 1
    assert not list(page.iter("img"))
    assert HOSTILE in page.get_element_by_id("slices-list").text_content()
    assert not [e for e in page.iter() for name in e.attrib if name.startswith("on")]


@pytest.mark.parametrize("facts", [blessed(), withheld(), EMPTY], ids=["ok", "withheld", "empty"])
def test_the_page_loads_nothing(facts):
    text = render(facts)
    page = lxml.html.document_fromstring(text)
    loading = [
        e.get(name)
        for e in page.iter()
        for name in ("src", "href", "data", "action", "poster", "srcset")
        if e.get(name) is not None
    ]
    assert all(value.startswith("#") for value in loading)
    assert not re.search(r"@import|url\(", text)
    assert len(text.encode()) < MAX_BYTES


def test_a_policy_in_the_page_forbids_foreign_scripts_and_every_request():
    policy = parse(EMPTY).xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='$", policy)


def test_a_large_run_stays_light():
    metrics = {f"metric_{i}": Measured(value=0.1 + i / 1000) for i in range(10)}
    slices = tuple(
        Slice(feature="city", value=f"city {i}", count=i, metrics=metrics) for i in range(1000)
    )
    many = Evaluation(name="list", metrics=tuple(metrics), slices=slices)
    assert len(render(blessed(evaluations=(many,))).encode()) < 5 * MAX_BYTES
