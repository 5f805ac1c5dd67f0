"""The page of an experiment in a real browser: nothing loaded, nothing cut off."""

import pytest

from components.experiments.result import analyse
from components.report.experiment.page import render
from tests.components.experiments.logs import log_of_duels, log_of_users, seeded
from tests.components.experiments.simulated import BEGIN, LATER, design, simulated
from tests.components.report.browser import program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        program() is None, reason="needs Chromium: scripts/install_chromium.sh installs it"
    ),
]


@pytest.fixture(scope="module")
def pages():
    log = log_of_users(simulated(seeded(2), 6_000, 20, lift=0.3))
    duel = log_of_duels(seeded(1), 6_000, 1.5, BEGIN)
    return {
        "arms": render(analyse(log, None, design(), interleaved=False, now=LATER), "shop"),
        "duel": render(
            analyse(duel, None, design(name="duel"), interleaved=True, now=LATER), "shop"
        ),
    }


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("kind", ["arms", "duel"])
def test_it_fits_the_window(browser, pages, tmp_path, kind, width):
    path = tmp_path / "experiment.html"
    path.write_text(pages[kind])
    browser.open(path, width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("document.querySelectorAll('figure svg').length") == 1
