"""Trees of plain values: every difference is found, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from components.report.comparison.trees import Difference, differences

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)
TREES = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)


def test_leaves_go_by_their_path():
    a = {"seed": 1, "ranker": {"epochs": 2, "rate": 0.1}, "gone": 3}
    b = {"seed": 1, "ranker": {"epochs": 5, "rate": 0.1}, "new": {"x": 4}}
    assert differences(a, b) == [
        Difference("ranker.epochs", 2, 5),
        Difference("gone", 3, None),
        Difference("new.x", None, 4),
    ]


def test_named_entries_of_a_list_go_by_their_name():
    a = {"features": [{"name": "age", "kind": "number"}]}
    b = {"features": [{"name": "job", "kind": "category"}, {"name": "age", "kind": "number"}]}
    assert differences(a, b) == [Difference("features.job.kind", None, "category")]


def test_a_list_of_plain_values_is_one_leaf():
    a, b = {"sources": ["two_tower"]}, {"sources": ["two_tower", "co_view"]}
    assert differences(a, b) == [Difference("sources", ["two_tower"], ["two_tower", "co_view"])]


@given(TREES)
def test_a_tree_does_not_differ_from_itself(tree):
    assert differences(tree, tree) == []


@given(TREES, TREES)
def test_the_other_way_round_it_is_the_same_with_sides_changed(a, b):
    there = {(d.name, str(d.a), str(d.b)) for d in differences(a, b)}
    back = {(d.name, str(d.b), str(d.a)) for d in differences(b, a)}
    assert there == back
