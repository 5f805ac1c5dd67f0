"""RecTools' SASRec on the same windows, each the history of a user of its own.

`python -m benchmarks.training.sasrec_side WINDOWS LOSS LENGTH BATCH NEGATIVES PASSES SAID`
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pytorch_lightning import Callback
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from rectools.models.nn.item_net import IdEmbeddingsItemNet

from benchmarks.quality.peers.quiet_trainer import quiet_trainer
from benchmarks.said import report
from benchmarks.training.windows import Windows


def main(
    windows: str, loss: str, length: str, batch: str, negatives: str, passes: str, said: str
) -> None:
    """Trains and reports."""
    known = Windows.load(Path(windows))
    events = pd.DataFrame(
        {
            Columns.User: np.repeat(np.arange(len(known.size)), known.size),
            Columns.Item: known.item,
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(np.arange(len(known.item)), unit="s"),
        }
    )
    clock = _Clock()
    model = SASRecModel(
        n_blocks=2,
        n_heads=2,
        n_factors=64,
        dropout_rate=0.2,
        session_max_len=int(length),
        batch_size=int(batch),
        item_net_block_types=(IdEmbeddingsItemNet,),
        loss=loss,
        n_negatives=int(negatives),
        get_trainer_func=lambda: quiet_trainer(int(passes), clock),
    )
    model.fit(Dataset.construct(events))
    report(Path(said), seconds=clock.seconds)


class _Clock(Callback):
    """Seconds of each pass."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._began = 0.0

    def __deepcopy__(self, memo: dict[int, Any]) -> _Clock:
        return self  # RecTools trains with a copy of its trainer

    def on_train_epoch_start(self, *_: Any) -> None:
        """Starts."""
        self._began = time.perf_counter()

    def on_train_epoch_end(self, *_: Any) -> None:
        """Stops."""
        self.seconds.append(time.perf_counter() - self._began)


if __name__ == "__main__":
    main(*sys.argv[1:])
