"""The browser of the tests that look at pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.components.report.browser import Browser


@pytest.fixture(scope="module")
def browser_of_module(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(browser_of_module):
    """A browser; afterwards nothing may have gone wrong in it, nor more been loaded than a page."""
    browser_of_module.problems.clear()
    browser_of_module.requests.clear()
    yield browser_of_module
    assert browser_of_module.problems == []
    assert len({Path(url).name for url in browser_of_module.requests}) == 1
