"""What a recommender answers to held-out requests, and the same with a part of them damaged.

`python -m benchmarks.power.answers MODEL EXAMPLES COLUMN VALUE OUT SAID`. Requests whose
COLUMN has the VALUE are answered a second time without their histories, as if a feature had been
lost on its way for one part of the traffic.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks.said import report
from components.example_columns import read_records
from trainer.metrics import ranks
from transform import features as keys

K = 10
SHOWN = 100  # length of the lists
_BATCH = 256
_HISTORY = (keys.HISTORY_ITEM_ID, keys.HISTORY_EVENT_TYPE, keys.HISTORY_TIME)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Answers(NamedTuple):
    """What one model answers to N requests.

    Attributes:
        ranks: Place of the target in the list of 100, 0 beyond it [N].
        scores: Of each candidate, NaN behind the last one [N, C].
    """

    ranks: Ints
    scores: Floats

    def save(self, path: Path) -> None:
        """Writes one file."""
        with path.open("wb") as file:
            np.savez(file, ranks=self.ranks, scores=self.scores)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            return cls(file["ranks"], file["scores"])


def answers(model: Path, records: Iterable[bytes]) -> Answers:
    """Asks a SavedModel for the list and the scores of each serialized row."""
    signatures = tf.saved_model.load(str(model)).signatures
    placed: list[int] = []
    scored: list[Floats] = []
    for batch in _batches(records):
        examples = tf.constant([row.SerializeToString() for row in batch])
        lists = signatures["serving_default"](examples=examples)["item_id"].numpy()
        scores = signatures["rank_examples"](examples=examples)["score"].numpy()
        for row, items, of in zip(batch, lists.tolist(), scores, strict=True):
            target = row.features.feature[keys.TARGET_ITEM_ID].bytes_list.value[0]
            placed.append(ranks.target_rank(items, target))
            candidates = len(row.features.feature[keys.LABEL].float_list.value)
            scored.append(of[:candidates].astype(np.float64))
    width = max(map(len, scored))
    padded = [np.pad(of, (0, width - len(of)), constant_values=np.nan) for of in scored]
    return Answers(np.array(placed, np.int64), np.stack(padded))


def without_history(record: bytes) -> bytes:
    """The same request from somebody of whom nothing is known any more."""
    row = tf.train.Example.FromString(record)
    for name in _HISTORY:
        row.features.feature.pop(name, None)
    return bytes(row.SerializeToString())


def _batches(records: Iterable[bytes]) -> Iterator[list[tf.train.Example]]:
    rows = map(tf.train.Example.FromString, records)
    while batch := list(itertools.islice(rows, _BATCH)):
        yield batch


def main(model: str, examples: str, column: str, value: str, out: str, said: str) -> None:
    """Writes `whole.npz` for all requests, and `lost.npz` for those of the damaged part."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    answers(Path(model), read_records([examples])).save(folder / "whole.npz")
    damaged = [
        without_history(record)
        for record in read_records([examples])
        if tf.train.Example.FromString(record).features.feature[column].bytes_list.value[:]
        == [value.encode()]
    ]
    answers(Path(model), damaged).save(folder / "lost.npz")
    report(Path(said), damaged=len(damaged))


if __name__ == "__main__":
    main(*sys.argv[1:])
