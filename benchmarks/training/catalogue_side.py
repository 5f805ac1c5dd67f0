"""The time of a training step of the retriever, over a catalogue of some size.

`python -m benchmarks.training.catalogue_side ITEMS ASKED SAID`

Nothing is read: catalogue and windows are drawn. Windows take their items evenly from ASKED of the
catalogue; of all of it, the largest one has the fewest items in common within a batch.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.said import report
from trainer.catalogue import Catalogue, always_available
from trainer.export import Description
from trainer.settings import RetrieverSettings
from trainer.two_tower.training import trainable
from trainer.vocabulary import Vocabulary
from transform import features as keys
from transform.preprocessing import FIRST_ID

_LENGTH = 50
_SETTINGS = RetrieverSettings(batch_size=64, softmax="sampled")
_WARM_UP, _STEPS = 5, 30
_SEED = 1


def main(items: str, asked: str, said: str) -> None:
    """Times the steps; reports their median."""
    rows = int(items) + FIRST_ID
    rng = np.random.default_rng(_SEED)
    tf.keras.utils.set_random_seed(_SEED)
    batches = [_windows(int(items), int(asked), rng) for _ in range(_WARM_UP + _STEPS)]
    description = Description(
        settings=_SETTINGS.model_dump(),
        features=(),
        aggregates=(),
        vocabulary=Vocabulary(items=rows, event_types=FIRST_ID + 1),
        history_length=_LENGTH,
    )
    model = trainable(description, _catalogue(rows), batches[0], seed=_SEED)
    step = tf.function(model.train_step)
    seconds = []
    for batch in batches:
        began = time.perf_counter()
        step(batch)
        seconds.append(time.perf_counter() - began)
    report(Path(said), seconds=statistics.median(seconds[_WARM_UP:]))


def _windows(items: int, asked: int, rng: np.random.Generator) -> dict[str, Any]:
    shape = (_SETTINGS.batch_size, _LENGTH + 1)
    ids = FIRST_ID + rng.integers(0, asked, shape) * (items // asked)
    history = tf.RaggedTensor.from_tensor(ids, ragged_rank=1)
    time_of = np.broadcast_to(np.arange(shape[1]) * 3600, shape)
    return {
        keys.HISTORY_ITEM_ID: history,
        keys.HISTORY_EVENT_TYPE: tf.ones_like(history) * FIRST_ID,
        keys.HISTORY_TIME: tf.RaggedTensor.from_tensor(time_of, ragged_rank=1),
        keys.REQUEST_TIME: tf.fill([shape[0]], np.int64(shape[1] * 3600)),
    }


def _catalogue(items: int) -> Catalogue:
    counts = np.ones(items, np.int64)
    counts[:FIRST_ID] = 0
    nothing = np.zeros((items, 0), np.float32)
    return Catalogue(counts, counts > 0, always_available(items), {}, nothing)


if __name__ == "__main__":
    main(*sys.argv[1:])
