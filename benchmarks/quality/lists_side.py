"""What a recommender serves for the held-out requests, through its own signature.

`python -m benchmarks.quality.lists_side MODEL EXAMPLES TARGETS SAID`
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.quality.protocol import check_targets
from benchmarks.said import report
from components.example_columns import ValueType, read_batches, read_records
from transform import features as keys

_BATCH = 128


def main(model: str, examples: str, targets: str, said: str) -> None:
    """Asks for all lists, and reports the rank of each target."""
    serve = tf.saved_model.load(model).signatures["serving_default"]
    columns: dict[str, ValueType] = {keys.USER_ID: "bytes", keys.TARGET_ITEM_ID: "bytes"}
    rungs: dict[str, list[str]] = {keys.USER_RUNG: [], keys.ITEM_RUNG: []}
    columns |= dict.fromkeys(rungs, "bytes")
    users: list[str] = []
    wanted: list[str] = []
    ranks: list[int] = []
    for records, frame in read_batches([f"{examples}/Split-{keys.EVAL}"], columns):
        users += [user.decode() for user in frame[keys.USER_ID].list.first()]
        target = frame[keys.TARGET_ITEM_ID].list.first().to_list()
        wanted += [item.decode() for item in target]
        for column, found in rungs.items():
            found += [rung.decode() for rung in frame[column].list.first()]
        for first in range(0, len(records), _BATCH):
            batch = slice(first, first + _BATCH)
            shown = serve(examples=tf.constant(records[batch]))["item_id"].numpy()
            hit = shown == np.array(target[batch], object)[:, np.newaxis]
            ranks += np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, 0).tolist()
    check_targets(users, wanted, targets)
    items = sum(1 for _ in read_records([f"{examples}/Split-{keys.CATALOGUE}"]))
    report(Path(said), ranks=ranks, rungs=rungs, items=items)


if __name__ == "__main__":
    main(*sys.argv[1:])
