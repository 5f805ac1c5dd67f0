"""Numbers as a reader wants them, and the examples in docstrings."""

import doctest

import pytest

from components.report import clock, glossary, numbers, scales, wording


@pytest.mark.parametrize("module", [clock, glossary, numbers, scales, wording])
def test_the_examples_in_the_docstrings_hold(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "n/a"),
        (0.0, "0"),
        (-0.25, "-0.2500"),
        (3e-7, "3e-07"),
        (12.3456, "12.35"),
        (1.0434, "1.043"),
        (0.000643, "0.000643"),
        (812.44, "812.4"),
        (2345.678, "2,346"),
        (10**9, "1,000,000,000"),
    ],
)
def test_numbers(value, text):
    assert numbers.number(value) == text
