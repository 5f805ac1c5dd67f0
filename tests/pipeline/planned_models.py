"""Models whose answers stand in the rows: what the Verdict is tried on, good and bad.

Each request has its own true probabilities, and a target that a good model finds near the top of
the list as often as a real one does. `peer` is another model of the same quality.
"""

import numpy as np
import tensorflow as tf

from tests.components.toy_recommender import write_split
from trainer.metrics import item_table
from trainer.metrics.item_table import ItemTable

REQUESTS, REQUESTS_A_USER, ITEMS, LENGTH, CANDIDATES = 2400, 3, 200, 20, 8
FIRST_REQUEST = 1_600_000_000
KINDS = ("good", "peer", "shuffled", "popular", "collapsed", "inflated", "bad_south")


class PlannedRecommender(tf.Module):
    """Answers each row with the list and the scores that the row holds for its kind."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serving_default(self, examples):
        items = self._planned(examples, "list", LENGTH, tf.string)
        return {"item_id": items, "score": tf.zeros(tf.shape(items))}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def rank_examples(self, examples):
        return {"score": self._planned(examples, "score", CANDIDATES, tf.float32)}

    def _planned(self, examples, what, length, dtype):
        name = f"{what}_{self.kind}"
        spec = {name: tf.io.FixedLenFeature([length], dtype)}
        return tf.io.parse_example(examples, spec)[name]

    def save(self, folder):
        """Writes the SavedModel where TFX looks for it, and the table of items beside it."""
        signatures = {
            "serving_default": self.serving_default,
            "rank_examples": self.rank_examples,
        }
        tf.saved_model.save(self, str(folder / "Format-Serving"), signatures=signatures)
        names = [_item(index).encode() for index in range(ITEMS)]
        table = ItemTable(names, np.ones(ITEMS, np.int64), np.eye(ITEMS, dtype=np.float32))
        table.write(folder / item_table.FILE)
        return folder


def write_rows(folder, seed=0):
    """Writes the split `eval`."""
    generator = np.random.default_rng(seed)
    write_split(folder, "eval", [_row(i, generator) for i in range(REQUESTS)])
    return folder


def _item(index):
    return f"i{index:03d}"


def _row(i, generator):
    user = i // REQUESTS_A_USER
    segment = "south" if user % 8 == 0 else "north"
    # Few items are taken often, most seldom.
    target = min(int(generator.exponential(25.0)), ITEMS - 1)
    truth = generator.beta(1.0, 4.0, CANDIDATES).clip(0.01, 0.9)
    rank = int(np.exp(2.0 + 1.5 * generator.normal()))
    anew = generator.random() < 0.1
    other = int(np.exp(2.0 + 1.5 * generator.normal())) if anew else rank
    lists = {
        "good": _list(target, rank, generator),
        "peer": _list(target, other, generator),
        "shuffled": _list(target, int(generator.integers(ITEMS)), generator),
        "popular": [_item(index) for index in range(LENGTH)],
        "collapsed": [_item(index) for index in range(100, 100 + LENGTH)],
    }
    scores = {
        "good": truth,
        "peer": truth * generator.uniform(0.95, 1.05, CANDIDATES),
        "shuffled": generator.permutation(truth),
        "popular": np.full(CANDIDATES, 0.2),
        "collapsed": truth,
        "inflated": truth * 1.1,
    }
    lists["inflated"] = lists["good"]
    south = segment == "south"
    lists["bad_south"] = lists["shuffled"] if south else lists["good"]
    scores["bad_south"] = _turned_over(truth) / 2 if south else truth
    return {
        "user_id": [f"u{user}"],
        "request_time": [FIRST_REQUEST + i],
        "target_item_id": [_item(target)],
        "label": (generator.random(CANDIDATES) < truth).astype(float).tolist(),
        "candidate_probability": [1.0] * CANDIDATES,
        "user_rung": ["2-5"],
        "item_rung": ["6-20"],
        "target_age": ["older"],
        "target_popularity": ["1"],
        "request_hour": ["12"],
        "request_weekday": ["Mon"],
        "is_repeat": ["0"],
        "segment": [segment],
        **{f"list_{kind}": items for kind, items in lists.items()},
        **{f"score_{kind}": of.clip(0.0, 1.0).tolist() for kind, of in scores.items()},
    }


def _turned_over(truth):
    """The same probabilities, the lowest where the highest was."""
    return np.sort(truth)[np.argsort(np.argsort(-truth))]


def _list(target, place, generator):
    """Different items [LENGTH], the target at this place if the list is so long."""
    others = generator.permutation(ITEMS)
    items = [_item(index) for index in others[others != target][:LENGTH]]
    if place < LENGTH:
        items[place] = _item(target)
    return items
