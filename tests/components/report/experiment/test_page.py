"""The page of an experiment says what came of it, escapes data, and stops where it must."""

import lxml.html
import polars as pl
import pytest

from components.experiments.result import analyse
from components.report.experiment.page import render
from tests.components.experiments.logs import did, log_of, log_of_duels, log_of_users, seeded
from tests.components.experiments.simulated import BEGIN, LATER, design, simulated
from tests.components.report.reading import rows, text_of

HOSTILE = "<script>alert('x')</script>"


def page_of(log, attributes=None, interleaved=False, **changes):
    result = analyse(log, attributes, design(**changes), interleaved=interleaved, now=LATER)
    return lxml.html.document_fromstring(render(result, "shop"))


def said(page):
    return text_of(page.get_element_by_id("verdict"))


@pytest.fixture(scope="module")
def better():
    users = simulated(seeded(2), 3_000, 5, lift=0.5)
    countries = pl.DataFrame({"user_id": users.user_id, "country": ["de", HOSTILE] * 1_500})
    return page_of(log_of_users(users), countries)


def test_the_better_arm_stands_on_top_with_its_effect(better):
    assert "✓ BETTER: new" in text_of(better.find(".//h1"))
    assert said(better).startswith("new brings more buy than old (+5")
    [row] = rows(better.get_element_by_id("effect-table"))
    assert row[:2] == ["new", "▲ better"]
    assert row[2].startswith("+")
    assert " %[+" in row[3]
    [figure] = better.findall(".//figure")
    assert len(figure.findall(".//polyline")) == 3


def test_arms_and_slices_are_tables_and_values_are_text(better):
    arms = rows(better.get_element_by_id("arms-table"))
    assert [row[0] for row in arms] == ["old control", "new"]
    assert text_of(better.get_element_by_id("ratio")).startswith("✓ Sample ratio: p = ")
    values = [row[1] for row in rows(better.get_element_by_id("slices-table"))]
    assert HOSTILE in values
    assert len(better.findall(".//script")) == 1


def test_lost_users_stop_the_page():
    users = simulated(seeded(2), 3_000, 3, lift=0.5)
    kept = users.chosen((users.arm == 0) | (seeded(3).random(3_000) < 0.8))
    page = page_of(log_of_users(kept))
    assert "✕ NOT READABLE" in text_of(page.find(".//h1"))
    assert "which their shares do not give by chance" in said(page)
    assert text_of(page.get_element_by_id("ratio")).startswith("✕")
    assert page.find(".//section[@id='effect']") is None
    assert page.find(".//section[@id='slices']") is None


def test_an_experiment_that_has_just_begun_is_open():
    page = page_of(log_of(did("ann", BEGIN, "e")))
    assert "– OPEN" in text_of(page.find(".//h1"))
    assert said(page).startswith("Of new nothing can be said yet: at least 100 users")


def test_an_equal_arm_is_open_and_a_worse_one_is_said_to_be():
    equal = page_of(log_of_users(simulated(seeded(4), 1_000, 2)))
    assert "new has shown no difference in buy so far" in said(equal)
    worse = page_of(log_of_users(simulated(seeded(4), 3_000, 2, lift=-0.5)))
    assert "✕ WORSE: new" in text_of(worse.find(".//h1"))


def test_a_duel_has_a_page_of_its_own():
    log = log_of_duels(seeded(1), 6_000, 1.5, BEGIN)
    page = page_of(log, interleaved=True, name="duel")
    assert "✓ BETTER: new" in text_of(page.find(".//h1"))
    [row] = rows(page.get_element_by_id("duel-table"))
    assert row[:2] == ["new", "▲ better"]
    assert page.find(".//section[@id='arms']") is None
