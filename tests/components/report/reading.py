"""Reads a rendered page back."""

import lxml.html

from components.report.page import render


def parse(facts):
    return lxml.html.document_fromstring(render(facts))


def text_of(element):
    return " ".join(element.text_content().split())


def rows(table):
    """Texts of the cells of a table's body."""
    return [[text_of(cell) for cell in row] for row in table.findall("./tbody/tr")]


def section(page, name):
    return page.get_element_by_id(name)
