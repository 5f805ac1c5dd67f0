"""The gates: failed checks first, many passed ones folded, notes told apart."""

from components.checks import Bound
from components.report.facts import Gate
from tests.components.report.facts_of_a_run import blessed, withheld
from tests.components.report.reading import parse, rows, section, text_of


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


def test_failed_checks_come_first_and_many_passed_ones_are_folded():
    rule = Bound(name="auc", lower=0.5)
    passed = tuple(rule.check(0.9, subject=f"user_rung={i}") for i in range(40))
    folded = parse(blessed(gates=(Gate(name="verdict", measured=True, checks=passed),)))
    assert section(folded, "checks").findall("./details")[1].get("open") is None
    failed = Gate(name="verdict", measured=True, checks=(*passed, rule.check(0.4)))
    gate = section(parse(blessed(gates=(failed,))), "checks").findall("./details")[1]
    assert gate.get("open") is not None
    assert [row[:3] for row in rows(gate.find("./table"))] == [["✕ Fail", "AUC", "0.4000"]]
    assert text_of(gate.find("./details/summary")) == "The 40 others"
    assert len(rows(gate.find("./details/table"))) == 40
    assert gate.find("./details").get("open") is None


def test_a_value_without_a_bound_is_a_note_and_no_check():
    note = Bound(name="ndcg_at_10_lead").check(-0.2, subject="over sequential_rules:")
    held = Bound(name="auc", lower=0.5).check(0.9)
    gate = Gate(name="verdict", measured=True, checks=(note, held))
    shown = section(parse(blessed(gates=(gate,))), "checks").findall("./details")[1]
    assert text_of(shown.find("./summary")).endswith("1 of 1 checks passed")
    assert [row[0] for row in rows(shown.find("./table"))] == ["✓ Pass", "– Note"]


def test_a_gate_that_ran_without_checks_is_not_called_unmeasured():
    page = parse(blessed(gates=(Gate(name="data", measured=True),)))
    first, second, _ = section(page, "checks").findall("./details")
    assert "nothing to hold against a bound" in text_of(first)
    assert "not measured in this run" in text_of(second)


def test_an_interval_stands_with_its_check():
    gain = Bound(name="ndcg_at_10_gain", lower=-0.01).check(-0.02, interval=(-0.05, 0.01))
    gate = Gate(name="verdict", measured=True, checks=(gain,))
    shown = section(parse(blessed(gates=(gate,))), "checks").findall("./details")[1]
    ((_, name, *_),) = rows(shown.find("./table"))
    assert name == "NDCG@10, gain over the blessed model 95 %: -5 % to +1 %, within noise"
