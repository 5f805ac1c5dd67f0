"""Templates escape what they print and refuse names that do not exist."""

import jinja2
import pytest

from components.report.templating import environment


def test_printed_values_are_escaped():
    assert environment().from_string("{{ x }}").render(x="<b>&") == "&lt;b&gt;&amp;"


def test_an_unknown_name_is_an_error_and_not_an_empty_place():
    with pytest.raises(jinja2.UndefinedError, match="'y' is undefined"):
        environment().from_string("{{ y }}").render(x=1)
