"""Small multiples: the features that slice the lists, on one scale, small slices marked."""

from components.report.facts import Evaluation, Measured, Slice
from components.report.sections.multiples import MOST_ROWS, panels
from tests.components.report.facts_of_a_run import EMPTY, blessed


def part(feature, value, count, *ends):
    return Slice(
        feature=feature,
        value=value,
        count=count,
        metrics={
            "ndcg_at_10": Measured(**dict(zip(("value", "lower", "upper"), ends, strict=False)))
        },
    )


def facts_with(*slices):
    return blessed(
        evaluations=(Evaluation(name="list", metrics=("ndcg_at_10",), slices=tuple(slices)),)
    )


def test_a_panel_for_each_feature_but_the_ladders():
    found = panels(
        facts_with(
            part("", "", 100, 0.1),
            part("user_rung", "0", 10, 0.9),
            part("gender", "F", 29, 0.05, 0.0, 0.2),
            part("gender", "M", 71, 0.12, 0.1, 0.14),
            part("genre × gender", "Drama × F", 40, 0.1),
        )
    )
    assert [panel.feature for panel in found] == ["gender", "genre × gender"]
    men, women = found[0].rows
    assert (men.name, men.text, men.interval, men.count) == (
        ("M", "0.1200", "0.1000 – 0.1400", "71")
    )
    assert "hollow" in women.strip
    assert "hollow" not in men.strip
    # The scale ends at the highest upper end, 0.2: half of it is the average.
    assert {panel.highest for panel in found} == {"0.2000"}
    assert 'class="average" x1="50.0%"' in men.strip
    assert 'cx="60.0%"' in men.strip
    assert found[1].rows[0].interval == ""


def test_many_values_are_cut_to_the_largest():
    many = [part("city", f"city {i}", i, 0.1) for i in range(1, 31)]
    [panel] = panels(facts_with(part("", "", 465, 0.1), *many))
    assert [row.name for row in panel.rows] == [f"city {i}" for i in range(30, 30 - MOST_ROWS, -1)]
    assert panel.left_out == 30 - MOST_ROWS


def test_hours_stand_in_their_order_however_many_there_are():
    hours = [part("request_hour", f"{hour:02d}", 50 - hour, 0.1) for hour in range(24)]
    [panel] = panels(facts_with(part("", "", 900, 0.1), *hours))
    assert [row.name for row in panel.rows] == [f"{hour:02d}" for hour in range(24)]
    assert panel.left_out == 0


def test_an_unmeasured_slice_has_no_dot():
    [panel] = panels(facts_with(part("", "", 9, 0.1), part("city", "x", 9, None)))
    assert panel.rows[0].text == "n/a"
    assert "<circle" not in panel.rows[0].strip


def test_without_slices_there_is_no_panel():
    assert panels(EMPTY) == []
