"""The page says what the facts say, escapes what comes from data, and loads nothing."""

import re

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.checks import Bound
from components.report.facts import Evaluation, Gate, Measured, QualityRow, Slice
from components.report.page import SECTIONS, render
from tests.components.report.facts_of_a_run import EMPTY, blessed, withheld
from tests.components.report.reading import parse, section, text_of

HOSTILE = "<script>alert('x')</script><img src=http://evil.example/x onerror=alert(1)>\"'&"
MAX_BYTES = 1_000_000


def test_the_verdict_stands_on_top():
    page = parse(blessed())
    assert text_of(page.find(".//h1")) == "✓ BLESSED"
    assert text_of(page.get_element_by_id("verdict")).endswith("served as version 3.")
    assert page.findtext(".//title").startswith("BLESSED")


def test_what_was_not_measured_says_so():
    page = parse(EMPTY)
    assert text_of(page.find(".//h1")) == "– NO VERDICT"
    for name in ("checks", "quality", "slices", "lists", "models", "data", "serving"):
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


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1))
def test_any_text_of_the_data_comes_back_unchanged(value):
    part = Slice(feature="city", value=value, count=99, metrics={"auc": Measured(value=0.1)})
    lists = Evaluation(name="list", metrics=("auc",), slices=(part,))
    table = parse(blessed(evaluations=(lists,))).get_element_by_id("slices-list")
    assert table.find("./tbody/tr/td[2]").text_content() == value


def test_a_large_run_stays_light():
    metrics = {f"metric_{i}": Measured(value=0.1 + i / 1000) for i in range(10)}
    slices = tuple(
        Slice(feature="city", value=f"city {i}", count=i, metrics=metrics) for i in range(1000)
    )
    many = Evaluation(name="list", metrics=tuple(metrics), slices=slices)
    assert len(render(blessed(evaluations=(many,))).encode()) < 5 * MAX_BYTES
