"""Team draft: fair to both lists, and complete."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from serving.experiments.interleaving import team_draft

LISTS = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)


def draft(first, second, k, seed=0):
    rng = random.Random(seed)
    return team_draft([(i, i) for i in first], [(i, i) for i in second], k, rng)


@given(LISTS, LISTS, st.integers(1, 10), st.integers(0, 99))
def test_no_item_twice_and_the_teams_never_more_than_one_apart(first, second, k, seed):
    drafted = draft(first, second, k, seed)
    items = [item for item, _ in drafted]
    assert len(items) == len(set(items)) <= k
    union = set(first) | set(second)
    assert len(items) == min(k, len(union))  # nobody's list gets shorter
    for end in range(len(drafted) + 1):
        teams = Counter(team for _, team in drafted[:end])
        assert abs(teams[0] - teams[1]) <= 1
    if any(team is None for _, team in drafted):  # one list has ended: neither gained by it
        teams = Counter(team for _, team in drafted)
        assert teams[0] == teams[1]
    for team, own in ((0, first), (1, second)):
        taken = [item for item, of in drafted if of == team]
        assert taken == sorted(taken, key=own.index)  # each team in its own order


def test_each_list_leads_as_often():
    heads = Counter(draft("abc", "xyz", 3, seed)[0] for seed in range(400))
    assert set(heads) == {("a", 0), ("x", 1)}
    assert 150 < heads["a", 0] < 250


def test_equal_lists_credit_both_alike():
    """By lot alone, each place goes to each team equally often: nobody gains by being shown."""
    clicks = Counter(
        draft("abcdef", "abcdef", 6, seed)[place][1] for seed in range(300) for place in (0, 1, 5)
    )
    assert abs(clicks[0] - clicks[1]) < 120


def test_a_list_that_has_ended_is_filled_up_for_no_team():
    drafted = draft("a", "wxyz", 4)
    assert sorted(item for item, _ in drafted) == ["a", "w", "x", "y"]
    assert Counter(team for _, team in drafted)[0] == 1
    assert drafted[-1] == ("y", None)
    assert draft("", "abc", 3)[1:] == [("b", None), ("c", None)]
