"""Figures: geometry that says what the numbers say, and valid SVG."""

import re

from lxml import etree

from components.report.facts import CalibrationBin
from components.report.figures import Line, bar, line_chart, reliability, span


def points(svg):
    """Points of each polyline, as (x, y) pairs."""
    texts = re.findall(r'points="([^"]*)"', svg)
    return [[tuple(map(float, pair.split(","))) for pair in text.split()] for text in texts]


def attributes(svg, tag, name):
    return [float(e.get(name).rstrip("%")) for e in etree.fromstring(svg).iter(tag) if e.get(name)]


def test_a_bar_is_as_long_as_its_share():
    svg = bar(0.25, 0.5, label="quarter", interval=(0.2, 0.9), reference=0.4)
    assert attributes(svg, "rect", "width") == [100.0, 50.0]
    whisker, reference = etree.fromstring(svg).findall("line")
    assert (whisker.get("x1"), whisker.get("x2")) == ("40.0%", "100.0%")  # cut at the track's end
    assert reference.get("x1") == reference.get("x2") == "80.0%"


def test_a_missing_value_leaves_the_track_empty():
    assert attributes(bar(None, 0.5, label="none"), "rect", "width") == [100.0]
    assert attributes(bar(0.0, 0.0, label="all zero"), "rect", "width") == [100.0, 0.0]


def test_a_span_lies_where_its_period_lies():
    svg = span(25, 75, 0, 100, label="middle")
    assert attributes(svg, "rect", "x") == [25.0]
    assert attributes(svg, "rect", "width") == [100.0, 50.0]


def test_a_period_of_one_moment_can_still_be_seen():
    assert attributes(span(50, 50, 0, 100, label="now"), "rect", "width")[-1] > 0


def test_a_falling_line_falls_on_the_page():
    (line,) = points(line_chart([Line("loss", (3.0, 2.0, 1.0))], title="", x_label="", y_label=""))
    xs, ys = zip(*line, strict=True)
    assert list(xs) == sorted(xs)
    assert list(ys) == sorted(ys)  # y grows downwards on a page
    assert ys[1] - ys[0] == ys[2] - ys[1]


def test_a_missing_value_cuts_the_line():
    values = (3.0, 2.0, None, 1.0, 0.5)
    lines = points(line_chart([Line("loss", values)], title="", x_label="", y_label=""))
    assert [len(line) for line in lines] == [2, 2]


def test_one_epoch_is_a_dot():
    svg = line_chart([Line("loss", (3.0,))], title="", x_label="", y_label="")
    assert len(etree.fromstring(svg).findall(".//{*}circle")) == 1


def test_lines_are_told_apart_without_colour():
    lines = [Line("training", (1.0, 2.0)), Line("validation", (2.0, 1.0), style=1)]
    groups = etree.fromstring(line_chart(lines, title="", x_label="", y_label="")).findall("g")
    assert len({group.get("stroke-dasharray") for group in groups}) == 2


def test_nothing_to_draw_is_no_figure():
    assert line_chart([Line("loss", (None, None))], title="", x_label="", y_label="") == ""
    assert reliability((), title="") == ""


def test_dots_on_the_diagonal_are_exact_and_larger_bins_larger():
    bins = [
        CalibrationBin(count=100, predicted=0.1, observed=0.1),
        CalibrationBin(count=1, predicted=0.4, observed=0.2),
    ]
    root = etree.fromstring(reliability(bins, title="calibration"))
    exact = next(e for e in root.findall("line") if e.get("class") == "exact")
    x1, y1, x2, y2 = (float(exact.get(key)) for key in ("x1", "y1", "x2", "y2"))

    def below_diagonal(dot):
        on_it = y1 + (float(dot.get("cx")) - x1) / (x2 - x1) * (y2 - y1)
        return float(dot.get("cy")) - on_it

    first, second = root.findall("circle")
    assert abs(below_diagonal(first)) < 0.2
    assert below_diagonal(second) > 10  # promises too much: below the line on the page
    assert float(first.get("r")) > float(second.get("r"))


def test_hostile_titles_are_escaped():
    hostile = '"><script>alert(1)</script>'
    line = Line(hostile, (1.0, 2.0))
    for svg in (
        bar(1.0, 1.0, label=hostile),
        line_chart([line], title=hostile, x_label=hostile, y_label=hostile),
    ):
        assert not list(etree.fromstring(svg).iter("{*}script", "script"))


def test_rare_rates_are_drawn_in_powers_of_ten():
    bins = [CalibrationBin(count=1, predicted=p, observed=o) for p, o in ((1e-4, 0.0), (0.1, 0.1))]
    root = etree.fromstring(reliability(bins, title="calibration"))
    texts = [e.text for e in root.iter("text")]
    assert {"0.0001", "0.001", "0.01", "0.1"} <= set(texts)
    axis = next(e for e in root.findall("line") if e.get("class") == "axis")
    nothing_observed = root.findall("circle")[0]
    assert nothing_observed.get("cy") == axis.get("y1") + ".0"
