"""Prints the ranker's loss of some rows as one replica and as two share them, as JSON.

`python -m tests.trainer.ranker.replicas`: a process of its own, for it cuts the processor in two
before TensorFlow uses it.
"""

from __future__ import annotations

import json

import numpy as np
import tensorflow as tf

from tests.trainer.conftest import ITEMS, description, request_rows
from trainer.catalogue import Catalogue, always_available
from trainer.ranker.training import build
from trainer.settings import RankerSettings

SETTINGS = RankerSettings(dimension=8, hidden=(8,), positive_weight=5.0, focal_gamma=2.0)
HISTORIES = [[2, 3], [4], [5], []]
CANDIDATES = [[4, 5], [6, 7], [8, 9, 2, 3], [7, 8, 9]]


def losses(devices: list[str]) -> list[float]:
    """What each of some replicas says its part of the loss is."""
    tf.keras.utils.set_random_seed(2)
    strategy = tf.distribute.MirroredStrategy(devices)
    share = len(HISTORIES) // len(devices)
    colours = np.array([[0], [0], *([2 + i % 2] for i in range(ITEMS - 2))], np.int64)
    catalogue = Catalogue(
        np.arange(ITEMS),
        np.arange(ITEMS) >= 2,
        always_available(ITEMS),
        {"colour": colours},
        np.zeros((ITEMS, 0), np.float32),
    )
    with strategy.scope():
        model = build(description(SETTINGS), catalogue, request_rows([[2, 3]], [[4, 5]]))

    def rows(context: tf.distribute.ReplicaContext) -> dict[str, tf.Tensor]:
        first = context.replica_id_in_sync_group * share
        mine = slice(first, first + share)
        return request_rows(HISTORIES[mine], CANDIDATES[mine])

    parts = strategy.experimental_distribute_values_from_function(rows)
    run = tf.function(lambda: strategy.run(model.compute_loss, args=(parts,)))
    return [float(loss) for loss in strategy.experimental_local_results(run())]


if __name__ == "__main__":
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    print(json.dumps({"one": losses(["CPU:0"]), "two": losses(["CPU:0", "CPU:1"])}))
