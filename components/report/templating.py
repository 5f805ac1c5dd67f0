"""The page's templates: escaped by default, strict about names."""

from __future__ import annotations

import functools

import jinja2

from components.report import glossary, numbers
from components.report.clock import moment


@functools.cache
def environment() -> jinja2.Environment:
    """The templates beside this module.

    Everything printed is HTML-escaped unless it is Markup that a template made itself, and a name
    that does not exist is an error rather than an empty place on the page.
    """
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("components.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["number"] = numbers.number
    env.filters["term"] = glossary.term
    env.filters["moment"] = moment
    return env
