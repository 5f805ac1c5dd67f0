"""The page in a real browser without a network: it opens, sorts, filters, and fits every window."""

import json

import pytest

from components.report.page import render
from tests.components.report.browser import program
from tests.components.report.facts_of_a_run import EMPTY, blessed, withheld

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        program() is None, reason="needs Chromium: scripts/install_chromium.sh installs it"
    ),
]

WIDTHS = {"phone": 360, "narrow": 400, "tablet": 800, "wide": 1440}
TABLE = "document.getElementById('slices-list')"


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the page of some facts."""

    def open_page(facts, *, width=1280, scheme="light"):
        path = tmp_path / "report.html"
        path.write_text(render(facts))
        seconds = browser.open(path, width=width, scheme=scheme)
        return browser, seconds

    return open_page


def column(browser, index):
    """What a reader sees in a column, top to bottom."""
    script = (
        f"JSON.stringify([...{TABLE}.tBodies[0].rows].filter(r => r.offsetParent)"
        f".map(r => r.cells[{index}].innerText.trim()))"
    )
    return json.loads(browser.run(script))


def click_head(browser, name):
    script = (
        f"[...{TABLE}.tHead.rows[0].cells].find(c => c.innerText.startsWith('{name}'))"
        ".querySelector('button').click()"
    )
    browser.run(script)


def enter(browser, field, text):
    script = (
        f"{{ const field = document.querySelector('[data-table=slices-list] {field}');"
        f" field.value = {text!r}; field.dispatchEvent(new Event('input')); }}"
    )
    browser.run(script)


@pytest.mark.parametrize("facts", [blessed(), withheld(), EMPTY], ids=["ok", "withheld", "empty"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_quickly_and_never_scrolls_sideways(opened, facts, width, scheme):
    browser, seconds = opened(facts, width=width, scheme=scheme)
    assert seconds < 2
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("document.querySelector('h1').getBoundingClientRect().top") < 200


def test_a_click_sorts_by_number_and_a_second_one_turns_it_around(opened):
    browser, _ = opened(blessed())
    before = sorted(column(browser, 2))
    click_head(browser, "Rows")
    counts = [int(text.split()[0].replace(",", "")) for text in column(browser, 2)]
    assert counts == sorted(counts)
    assert counts[0] == 3
    assert counts[-1] == 943
    click_head(browser, "Rows")
    counts = [int(text.split()[0].replace(",", "")) for text in column(browser, 2)]
    assert counts == sorted(counts, reverse=True)
    assert sorted(column(browser, 2)) == before
    sorted_by = browser.run(f"{TABLE}.querySelector('[aria-sort]').innerText")
    assert sorted_by.startswith("Rows")


def test_what_was_not_measured_stays_last_in_both_directions(opened):
    browser, _ = opened(blessed())
    for _ in range(2):
        click_head(browser, "MRR@10")
        shown = column(browser, 5)
        assert shown.count("n/a") == 2
        assert shown[-2:] == ["n/a", "n/a"]


def test_text_sorts_by_text(opened):
    browser, _ = opened(blessed())
    click_head(browser, "Value")
    values = column(browser, 1)
    assert values.index("administrator") < values.index("artist") < values.index("writer")


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_the_filter_keeps_what_matches_all_words(opened, width):
    browser, _ = opened(blessed(), width=width)
    enter(browser, ".filter", "RUNG 6-20")
    assert column(browser, 0) == ["user_rung", "item_rung"]
    assert browser.run("document.querySelector('.shown').textContent") == "2 of 16 slices"
    enter(browser, ".filter", "no such slice")
    assert column(browser, 0) == []
    enter(browser, ".filter", "")
    assert len(column(browser, 0)) == 16


def test_small_slices_can_be_hidden(opened):
    browser, _ = opened(blessed())
    enter(browser, ".least", "100")
    counts = [int(text.split()[0].replace(",", "")) for text in column(browser, 2)]
    assert counts
    assert min(counts) >= 100


def test_the_policy_stops_what_an_injected_string_would_try(browser_of_module, tmp_path):
    """A negative control: if escaping ever failed, the browser would still refuse."""
    browser = browser_of_module  # without the demand that nothing goes wrong
    browser.problems.clear()
    attack = '<script>document.title = "owned"</script><img src="http://203.0.113.7/x">'
    path = tmp_path / "attacked.html"
    path.write_text(render(blessed()).replace("<main>", "<main>" + attack))
    browser.open(path, width=1280)
    assert browser.run("document.title").startswith("BLESSED")
    assert sum("Content Security Policy" in problem for problem in browser.problems) >= 2


def test_it_prints(browser, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(render(blessed()))
    browser.open(path, width=1280)
    browser.pdf(tmp_path / "report.pdf")
    printed = (tmp_path / "report.pdf").read_bytes()
    assert printed.startswith(b"%PDF")
    assert 2 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 16
