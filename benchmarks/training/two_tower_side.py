"""A two-tower model as the tutorial of TensorFlow Recommenders has it, on the same windows.

`python -m benchmarks.training.two_tower_side WINDOWS LENGTH PASSES SAID`

Every event is a row with a copy of the history before it. The query tower is a GRU over item
embeddings, the candidate tower an item embedding, the loss the softmax over the items of the batch.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from benchmarks.said import report
from benchmarks.training.windows import Ints, Windows

_DIMENSION = 64
_BATCH = 1024
_LEARNING_RATE = 1e-3


class _TwoTower(tfrs.Model):
    def __init__(self, items: int) -> None:
        super().__init__()
        self._queries = tf.keras.Sequential(
            [
                tf.keras.layers.Embedding(items, _DIMENSION, mask_zero=True),
                tf.keras.layers.GRU(_DIMENSION),
            ]
        )
        self._candidates = tf.keras.layers.Embedding(items, _DIMENSION)
        self._task = tfrs.tasks.Retrieval()

    def compute_loss(
        self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool = False
    ) -> tf.Tensor:
        history, target = inputs
        queries = self._queries(history, training=training)
        return self._task(queries, self._candidates(target), compute_metrics=False)


def main(windows: str, length: str, passes: str, said: str) -> None:
    """Trains and reports."""
    known = Windows.load(Path(windows))
    history, target = copied(known, int(length))
    rows = tf.data.Dataset.from_tensor_slices((history, target)).shuffle(len(target), seed=1)
    batches = rows.batch(_BATCH, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    model = _TwoTower(int(known.item.max()) + 1)
    model.compile(optimizer=tf.keras.optimizers.Adam(_LEARNING_RATE))
    seconds = []
    for _ in range(int(passes)):
        began = time.perf_counter()
        model.fit(batches, epochs=1, verbose=0)
        seconds.append(time.perf_counter() - began)
    report(Path(said), seconds=seconds, events=len(target) // _BATCH * _BATCH)


def copied(windows: Windows, length: int) -> tuple[Ints, Ints]:
    """Each event with the events of its window before it, padded with 0 at the end: [E, length]."""
    histories, targets = [], []
    for window in np.split(windows.item, windows.ends[:-1]):
        for place in range(1, len(window)):
            before = window[max(0, place - length) : place]
            histories.append(np.pad(before, (0, length - len(before))))
            targets.append(window[place])
    return np.array(histories), np.array(targets)


if __name__ == "__main__":
    main(*sys.argv[1:])
