"""The comparison in a real browser without a network: it opens, sorts, filters, fits a phone."""

import json

import pytest

from components.report.comparison.page import render
from components.report.comparison.sides import compare
from components.report.summary import to_json
from tests.components.report.browser import program
from tests.components.report.comparison.two_runs import earlier, later
from tests.components.report.facts_of_a_run import blessed, withheld

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        program() is None, reason="needs Chromium: scripts/install_chromium.sh installs it"
    ),
]

TABLE = "document.getElementById('metrics-slices')"


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the page on two runs."""

    def open_page(a, b, width=1440):
        path = tmp_path / "comparison.html"
        path.write_text(render(compare(a, b, ("first", "second"))))
        assert browser.open(path, width=width) < 2
        return browser

    return open_page


def whole_runs():
    return json.loads(to_json(withheld())), json.loads(to_json(blessed()))


def column(browser, index):
    script = (
        f"JSON.stringify([...{TABLE}.tBodies[0].rows].filter(r => r.offsetParent)"
        f".map(r => r.cells[{index}].innerText.trim()))"
    )
    return json.loads(browser.run(script))


@pytest.mark.parametrize("width", [360, 400, 800, 1440])
def test_it_never_scrolls_sideways(opened, width):
    browser = opened(*whole_runs(), width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_slices_sort_by_difference_and_filter_by_name(opened):
    browser = opened(earlier(), {**later(), "slices": whole_runs()[1]["slices"]})
    browser.run(
        f"[...{TABLE}.tHead.rows[0].cells].find(c => c.innerText.startsWith('A'))"
        ".querySelector('button').click()"
    )
    assert column(browser, 3)[0].startswith("0.0400")
    browser.run(
        "{ const field = document.querySelector('[data-table=metrics-slices] .filter');"
        " field.value = 'artist ndcg'; field.dispatchEvent(new Event('input')); }"
    )
    assert column(browser, 0) == ["occupation = artist"]
