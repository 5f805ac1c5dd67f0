"""What is asked of the lists that a server gave: made up lists that keep the rules, or do not."""

import numpy as np
import pytest

from components.serving_validator.probe import Lists, Probe, seen_items_shown
from serving.query import Query, Recommendation

COUNT = 100  # more than a batch
SHOWN = [f"i{place}" for place in range(10)]
QUERIES = [Query(f"u{i}", 9, ("h",), ("view",), (1,)) for i in range(COUNT)]
SCORES = np.linspace(0.9, 0.0, 10, dtype=np.float32)


def lists(shown=SHOWN):
    row = np.array([item.encode() for item in shown], dtype=object)
    return Lists(np.tile(row, (COUNT, 1)), np.tile(SCORES, (COUNT, 1)))


def probe_of(answers, client=None):
    """A probe of a server that answers by functions of the inputs."""
    probe = Probe(server=None, client=client, calls=None, declared={})
    object.__setattr__(probe, "_predict", lambda signature, inputs: answers[signature](inputs))
    return probe


def test_lists_are_those_of_every_request():
    def recommend(inputs):
        rows = len(inputs["user_id"])
        users = np.array([[str(user).encode()] for user in inputs["user_id"]], dtype=object)
        return {"item_id": users, "score": np.zeros((rows, 1), np.float32)}

    found = probe_of({"recommend": recommend}).lists(QUERIES)
    assert [shown for (shown,) in found.shown()] == [query.user_id for query in QUERIES]
    assert found.scores.shape == (COUNT, 1)


@pytest.mark.parametrize(("row", "difference"), [(None, 0.0), (70, 0.25)])
def test_a_score_that_rank_does_not_give_is_found_in_any_batch(row, difference):
    served = lists()
    if row is not None:
        served.scores[row, 3] += np.float32(0.25)
    served.items[:, -1] = b""  # no more items: the score of the place says nothing
    served.scores[:, -1] = 5.0

    def rank(inputs):
        return {"score": np.tile(SCORES, (len(inputs["user_id"]), 1))}

    found = probe_of({"rank": rank}).score_difference(QUERIES, served)
    assert found == pytest.approx(difference, abs=1e-6)


def test_a_seen_item_in_a_list_is_counted():
    assert seen_items_shown(QUERIES, lists()) == 0.0
    seen = [*QUERIES[:-1], Query("u", 9, ("i9", "i3", "h"), ("view",) * 3, (1, 2, 3))]
    assert seen_items_shown(seen, lists()) == 2.0


class Shop:
    """Shows the same items whatever is excluded, or the next ones."""

    def __init__(self, *, obeys):
        self.obeys = obeys

    def recommend(self, queries, count):
        return [
            [
                Recommendation(item, 0.5, 0.5)
                for item in SHOWN
                if not (self.obeys and item in query.exclude_item_id)
            ]
            for query in queries
        ]


@pytest.mark.parametrize(("obeys", "shown"), [(True, 0.0), (False, 5.0 * COUNT)])
def test_excluded_items_in_lists_are_counted(obeys, shown):
    found = probe_of({}, Shop(obeys=obeys)).excluded_items_shown(QUERIES, lists())
    assert found == shown
