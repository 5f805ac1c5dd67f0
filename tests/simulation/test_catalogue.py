"""The items dataset: what it says of items, and that its words tell what they are like."""

import numpy as np

from simulation.catalogue import items_table, items_truth, successors_truth
from simulation.plan import make_plan
from simulation.world import NEVER, make_world

WORLD = make_world(make_plan(100_000, items=1000, seed=3))
ITEMS = items_table(WORLD, seed=3)


def words_of(texts):
    """Texts x words: 1 where a text has a word."""
    vocabulary = sorted({word for text in texts for word in text.split()})
    return np.array([[word in text.split() for word in vocabulary] for text in texts], float)


def explained(words, truth):
    """Share of the variance of the second half that words explain, learnt on the first."""
    half = len(words) // 2
    weight = np.linalg.solve(
        words[:half].T @ words[:half] + np.eye(words.shape[1]), words[:half].T @ truth[:half]
    )
    left = ((words[half:] @ weight - truth[half:]) ** 2).sum()
    return 1 - left / ((truth[half:] - truth[half:].mean(axis=0)) ** 2).sum()


def test_ids_are_unique_and_the_truth_covers_them():
    assert ITEMS["item_id"].n_unique() == 1000
    for truth in (items_truth(WORLD), successors_truth(WORLD)):
        assert truth["item_id"].equals(ITEMS["item_id"])
    assert sorted(successors_truth(WORLD)["successor_id"]) == sorted(ITEMS["item_id"])


def test_nothing_is_missing_but_the_end_of_sale():
    counts = ITEMS.null_count().row(0, named=True)
    retired = int((WORLD.available_to != NEVER).sum())
    assert counts.pop("available_to") == 1000 - retired
    assert set(counts.values()) == {0}


def test_descriptions_tell_the_factors_of_items_that_nobody_has_touched():
    words = words_of(ITEMS["description"])
    assert explained(words, WORLD.factors) > 0.8
    shuffled = np.random.default_rng(1).permutation(WORLD.factors)
    assert explained(words, shuffled) < 0.1


def test_descriptions_tell_items_of_one_category_apart():
    residual = WORLD.factors - WORLD.centroids[WORLD.category]
    assert explained(words_of(ITEMS["description"]), residual) > 0.5


def test_titles_are_of_the_category_and_of_the_item():
    first = ITEMS.row(0, named=True)
    facet, _, number = first["title"].split()
    assert number == "0"
    assert facet in first["description"].split()
    assert ITEMS["title"].n_unique() == 1000
    things = ITEMS["title"].str.split(" ").list.get(1)
    assert (ITEMS.select(category="category", thing=things).unique().height) <= 20 * 4


def test_dearness_is_the_price_within_the_category():
    mine = WORLD.category == 0
    order = np.argsort(WORLD.dearness[mine])
    assert (np.diff(ITEMS["price"].to_numpy()[mine][order]) >= 0).all()
    assert ITEMS["price"].min() > 0
