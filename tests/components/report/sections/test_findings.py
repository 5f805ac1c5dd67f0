"""Findings of DataGate on the page."""

from components.checks import Bound
from components.report.facts import Gate
from components.report.sections.findings import drift, leakage, revealing, skew
from tests.components.report.facts_of_a_run import EMPTY, blessed
from tests.components.report.reading import parse, rows, section, text_of


def tables(facts):
    """Heading -> rows of the table below it."""
    found, heading = {}, ""
    for element in section(parse(facts), "data").iter("h3", "table"):
        if element.tag == "h3":
            heading = text_of(element)
        else:
            found.setdefault(heading, rows(element))
    return found


def test_the_page_shows_drift_skew_certificate_and_single_features():
    found = tables(blessed())
    assert found["Drift since the data of the blessed model"] == [
        ["✓ agetrain, Jensen-Shannon divergence", "0.0310", "at most 0.11", ""],
        ["✓ gendertrain, largest difference of a share", "0.00400", "at most 0.12", ""],
    ]
    assert found["Test requests against training requests"][0][0].startswith("✓ age")
    assert found["Leakage certificate"] == [
        ["✓ ranking", "after training", "400", "none"],
        ["✓ ranking", "at the request", "400", "none"],
    ]
    assert [row[1:3] for row in found["What single features tell of the label"]] == [
        ["0.2200", "0.02 to 0.98"],
        ["0.7100", "0.02 to 0.98"],
        ["0.5000", "too few candidates to tell"],
    ]


def test_what_fails_is_marked_and_named():
    checks = (
        Bound(name="number_drift", upper=0.1).check(0.4, subject="train.age"),
        Bound(name="certified_rows", lower=1).check(9, subject="train after training:"),
        Bound(name="leaked_rows", upper=0).check(2, subject="train.age after training:"),
        Bound(name="single_feature_auc", lower=0.02, upper=0.98).check(1, subject="sold"),
    )
    facts = blessed(gates=(Gate(name="data", measured=True, checks=checks),))
    assert [row.tone for row in (*drift(facts), *leakage(facts), *revealing(facts))] == ["bad"] * 3
    assert leakage(facts)[0].changed == "age (2)"


def test_a_first_run_says_that_nothing_is_there_to_drift_from():
    checks = tuple(c for c in blessed().gate("data").checks if "drift" not in c.name)
    facts = blessed(gates=(Gate(name="data", measured=True, checks=checks),))
    assert "no model was blessed before" in text_of(section(parse(facts), "data"))
    assert "no model was blessed before" not in text_of(section(parse(blessed()), "data"))


def test_without_a_gate_there_is_nothing_to_draw():
    assert (drift(EMPTY), skew(EMPTY), leakage(EMPTY), revealing(EMPTY)) == ([], [], [], [])
