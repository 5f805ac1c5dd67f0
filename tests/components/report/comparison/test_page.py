"""The comparison's page says what the comparison says, escapes data, and loads nothing."""

import re

import lxml.html

from components.report.comparison.page import plain, render
from components.report.comparison.sides import compare
from tests.components.report.comparison.two_runs import earlier, later
from tests.components.report.reading import rows, text_of

HOSTILE = "<script>alert('x')</script><img src=http://evil.example/x onerror=alert(1)>\"'&"


def page_of(a, b, labels=("first", "second")):
    return lxml.html.document_fromstring(render(compare(a, b, labels)))


def test_both_verdicts_are_on_top():
    page = page_of(earlier(), later())
    first, second = (page.get_element_by_id(f"side-{letter}") for letter in "ab")
    assert "✕ WITHHELD" in text_of(first)
    assert "✓ BLESSED" in text_of(second)
    assert "1 failed checks" in text_of(first)
    assert text_of(page.get_element_by_id("targets")).startswith("✓ Both runs answered the same")


def test_other_targets_are_said_loudly():
    other = later(account={**later()["account"], "eval_targets_sha256": "x"})
    said = text_of(page_of(earlier(), other).get_element_by_id("targets"))
    assert said == "✕ The two runs answered different test targets: their metrics do not compare."


def test_metrics_with_their_difference_in_words_and_signs():
    page = page_of(earlier(), later())
    ndcg, auc = rows(page.get_element_by_id("metrics-whole"))
    assert ndcg == [
        *("lists", "NDCG@10", "0.0500[0.0400, 0.0600]", "0.1000[0.0900, 0.1100]", "+0.0500"),
        "▲ better, intervals apart",
    ]
    assert auc[4:] == ["-0.0100", "▼ worse"]
    only_a = rows(page.get_element_by_id("metrics-slices"))[0]
    assert only_a[0] == "gender = F"
    assert only_a[4:] == ["n/a", "n/a", "", "273 / –"]


def test_hostile_strings_stay_text():
    hostile = earlier(
        settings={HOSTILE: HOSTILE},
        verdict={"summary": HOSTILE, "blessed": False},
        slices={HOSTILE: [{"feature": HOSTILE, "value": HOSTILE, "metrics": {HOSTILE: 0.1}}]},
    )
    page = page_of(hostile, later(), (HOSTILE, HOSTILE))
    assert len(list(page.iter("script"))) == 1
    assert not list(page.iter("img"))
    assert not [e for e in page.iter() for name in e.attrib if name.startswith("on")]
    assert HOSTILE in page.get_element_by_id("metrics-slices").text_content()


def test_it_loads_nothing():
    text = render(compare(earlier(), later(), ("first", "second")))
    assert not re.search(r"@import|url\(|<link|src=", text)
    assert "default-src 'none'" in text


def test_two_runs_alike_say_so():
    said = text_of(page_of(later(), later()).find(".//main"))
    assert "Both runs had the same settings." in said
    assert "Both runs passed and failed the same checks." in said
    assert "Both accounts of the log are the same." in said


def test_two_empty_reports_are_a_page():
    page = page_of({}, {})
    assert "No run measured any metric." in text_of(page.find(".//main"))


def test_values_of_settings_as_text():
    assert [plain(v) for v in (None, True, 0.05, 12_345, "x", ["a"])] == [
        *("–", "true", "0.0500", "12,345", "x", '["a"]')
    ]
    assert plain(893286638, "periods.training.last_time") == "1998-04-22 23:10"
