"""The time of a training step of the retriever, over catalogues of some sizes.

`python -m benchmarks.training.catalogue_side ITEMS:ASKED ... SAID`

Nothing is read: catalogue and windows are drawn. Windows take their items evenly from ASKED of the
catalogue's ITEMS; of all of them, the largest one has the fewest in common within a batch. The
catalogues take turns of a few steps, for a machine can be half as fast again from one minute to the
next.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
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
_TURNS, _STEPS = 9, 8  # the first turn is not counted
_SEED = 1


def main(catalogues: Sequence[str], said: str) -> None:
    """Times the steps; reports their medians, by catalogue."""
    tf.keras.utils.set_random_seed(_SEED)
    sides = {catalogue: _steps(*map(int, catalogue.split(":"))) for catalogue in catalogues}
    turns = [
        {catalogue: list(itertools.islice(steps, _STEPS)) for catalogue, steps in sides.items()}
        for _ in range(_TURNS)
    ]
    seconds = {
        catalogue: statistics.median(itertools.chain(*(turn[catalogue] for turn in turns[1:])))
        for catalogue in catalogues
    }
    report(Path(said), seconds=seconds)


def _steps(items: int, asked: int) -> Iterator[float]:
    """Seconds of one step after the other."""
    rows = items + FIRST_ID
    rng = np.random.default_rng(_SEED)
    description = Description(
        settings=_SETTINGS.model_dump(),
        features=(),
        aggregates=(),
        vocabulary=Vocabulary(items=rows, event_types=FIRST_ID + 1),
        history_length=_LENGTH,
    )
    model = trainable(description, _catalogue(rows), _windows(items, asked, rng), seed=_SEED)
    step = tf.function(model.train_step)
    while True:
        batch = _windows(items, asked, rng)
        began = time.perf_counter()
        step(batch)
        yield time.perf_counter() - began


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
    main(sys.argv[1:-1], sys.argv[-1])
