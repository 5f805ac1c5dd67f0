import numpy as np
import pytest

from components.baselines.events import Sequences
from components.baselines.recommenders import (
    ItemKNN,
    SequentialRules,
    popularity,
    recent_popularity,
)

DAY = 86_400


def sequences(*items, days=None):
    """Sequences of item codes; `days` of the events, else one a second."""
    flat = [item for sequence in items for item in sequence]
    times = [day * DAY for sequence in days for day in sequence] if days else range(len(flat))
    return Sequences(
        row=np.repeat(np.arange(len(items)), [len(sequence) for sequence in items]),
        item=np.array(flat, np.int64),
        time=np.array(times, np.int64),
        rows=len(items),
    )


def test_popularity_counts_events():
    assert popularity(sequences([0, 1, 1], [1]), 4).tolist() == [1, 3, 0, 0]


def test_recent_popularity_counts_the_last_four_weeks_and_then_all_time():
    events = sequences([0, 0, 0, 1], [2, 2, 3], days=[[0, 1, 2, 99], [3, 100, 100]])
    score = recent_popularity(events, 5)
    assert np.argsort(-score, kind="stable").tolist() == [2, 1, 3, 0, 4]


def test_recent_popularity_of_nothing():
    assert recent_popularity(sequences(), 2).tolist() == [0, 0]


def test_rules_vote_by_gap_and_age():
    rules = SequentialRules(sequences([0, 1, 2], [3, 1]), 5)
    scores = rules.scores(sequences([0], [3, 0], [4], [])).toarray()
    assert scores[0].tolist() == [0, 1.0, 1 / 2, 0, 0]  # 1 follows 0 after one step, 2 after two
    # The latest event votes with 1, the one before it with 0.8.
    assert scores[1] == pytest.approx([0, 1.0 + 0.8 * 1.0, 1 / 2, 0, 0])
    assert scores[2:].sum() == 0


def test_rules_look_five_steps_far_and_not_beyond_a_user():
    rules = SequentialRules(sequences([0, 1, 2, 3, 4, 5, 6], [7]), 8)
    votes = rules.scores(sequences([0], [6])).toarray()
    assert votes[0] == pytest.approx([0, 1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 0, 0])
    assert votes[1].sum() == 0


def test_item_knn_is_the_cosine_of_who_had_what():
    events = sequences([0, 1], [0, 1, 2], [2, 3], [1, 1])
    had = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [0, 1, 0, 0]], float)
    norms = np.linalg.norm(had, axis=0)
    cosine = had.T @ had / np.outer(norms, norms)
    history = sequences([0], [0, 3], [])
    expected = [cosine[0], cosine[0] + cosine[3], np.zeros(4)]
    assert ItemKNN(events, 4, neighbours=4).scores(history).toarray() == pytest.approx(
        np.stack(expected)
    )


def test_item_knn_keeps_only_the_nearest():
    events = sequences([0, 1], [0, 1], [0, 2])
    scores = ItemKNN(events, 3, neighbours=2).scores(sequences([0])).toarray()[0]
    assert scores[1] > 0
    assert scores[2] == 0
