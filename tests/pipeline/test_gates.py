import pytest

from pipeline.gate_overrides import gates_with
from pipeline.gates import Gates


def _names(value):
    """Names of all bounds below a settings object."""
    from components.checks import Bound

    if isinstance(value, Bound):
        return [value.name]
    if isinstance(value, tuple):
        return [name for item in value for name in _names(item)]
    fields = getattr(type(value), "model_fields", {})
    return [name for field in fields for name in _names(getattr(value, field))]


def test_every_bound_has_a_name_of_its_own_an_end_and_a_reason():
    names = _names(Gates())
    assert len(names) == len(set(names)) > 20
    rules = Gates().verdict
    gains = (*rules.ranker_gains, *rules.list_gains)
    slices = rules.slices
    in_slices = (*slices.ranker, *slices.lists, *slices.ranker_gains, *slices.list_gains)
    alone = (rules.training, slices.rows, slices.false_alarms)
    bounds = (*rules.ranker, *rules.lists, *rules.leads, *gains, *in_slices, *alone)
    bounds = (*bounds, *Gates().serving)
    for bound in bounds:
        assert bound.why, bound.name
        assert (bound.lower, bound.upper) != (None, None), bound.name


def test_without_overrides_nothing_changes():
    assert gates_with({}) == Gates()


@pytest.mark.parametrize(
    "name",
    [
        *("ndcg_at_10", "gauc_gain", "slice_auc", "slice_ndcg_at_10_gain", "slice_rows"),
        *("catalogue_coverage_at_10", "memory_mb"),
    ],
)
def test_an_override_reaches_its_bound_and_no_other(name):
    changed = gates_with({name: {"lower": 0.123}})
    assert '"lower":0.123' in changed.model_dump_json()
    assert changed.model_dump_json().count("0.123") == 1


def test_the_chance_of_a_false_alarm_can_be_changed():
    changed = gates_with({"slice_false_alarms": {"upper": 0.01}})
    assert changed.verdict.slices.false_alarms.upper == 0.01


def test_no_tolerance_asks_for_a_gain():
    rules = Gates().verdict
    gains = (*rules.ranker_gains, *rules.list_gains)
    for bound in (*gains, *rules.slices.ranker_gains, *rules.slices.list_gains):
        assert bound.lower is not None
        assert bound.lower <= 0
        assert bound.upper is None


def test_an_end_that_is_not_named_keeps_its_value():
    bound = next(
        b
        for b in gates_with({"calibration": {"lower": 0.9}}).verdict.ranker
        if b.name == "calibration"
    )
    assert (bound.lower, bound.upper) == (0.9, 2.0)


def test_a_bound_of_the_data_gate_can_be_changed():
    assert gates_with({"duplicate_share": {"upper": 0.9}}).data.duplicates.upper == 0.9


def test_an_unknown_name_is_refused_with_the_nearest_right_one():
    with pytest.raises(ValueError, match=r"Received: 'ndcg@10'\. Nearest right name: 'ndcg_at_10'"):
        gates_with({"ndcg@10": {"lower": 0.1}})


def test_a_name_like_no_other_is_refused_with_all_of_them():
    with pytest.raises(ValueError, match=r"Received: 'xyz'\. Choose from .*ndcg_at_10"):
        gates_with({"xyz": {"lower": 0.1}})


def test_ends_that_nothing_could_pass_are_refused():
    with pytest.raises(ValueError, match=r"calibration with lower 3.0, upper 2.0, of which one"):
        gates_with({"calibration": {"lower": 3.0}})
