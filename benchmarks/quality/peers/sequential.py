"""SASRec, eSASRec and HSTU as RecTools has them.

Dimensions are those of ours: 64 factors, one block for short histories, two for long ones. Half the
budget goes to finding the number of epochs, by NDCG@10 of the validation targets over the full
catalogue without seen items; with the other half a model learns for as many epochs from all that
comes before the test targets. HSTU also gets to know when it is asked, as ours does.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from pytorch_lightning import Callback, LightningModule, Trainer, seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import HSTUModel, SASRecModel
from rectools.models.nn.item_net import IdEmbeddingsItemNet
from rectools.models.nn.transformers.base import TransformerModelBase
from rectools.models.nn.transformers.ligr import LiGRLayers
from rectools.models.nn.transformers.utils import leave_one_out_mask

from benchmarks.quality.peers.quiet_trainer import quiet_trainer

PEERS = ("SASRec", "eSASRec", "HSTU")

_NEGATIVES = 256
_LONG = 50  # histories beyond this length get a second block
_PATIENCE = 10
_SPECIAL = 1  # RecTools' padding comes before the items

Ints = npt.NDArray[np.int64]


def recommend(
    peer: str, events: pd.DataFrame, k: int, *, seed: int, seconds: float, length: int
) -> tuple[Ints, dict[str, Any]]:
    """Lists of k items for each user with a history, [users, k], and facts about the training.

    Args:
        peer: One of `PEERS`.
        events: See `__main__`.
        k: Length of the lists.
        seed: Seed of the training.
        seconds: Budget of the training.
        length: Length of the history that the model sees.
    """
    seed_everything(seed, verbose=False)
    events = events.assign(
        **{Columns.Weight: 1.0, Columns.Datetime: pd.to_datetime(events["time"], unit="s")}
    ).rename(columns={"user": Columns.User, "item": Columns.Item})
    known = events[events["period"] < 2]
    columns = [Columns.User, Columns.Item, Columns.Weight, Columns.Datetime]
    dataset = Dataset.construct(known[columns])
    began = time.perf_counter()
    keep_best = _KeepBest(k, began + seconds / 2)
    keep_best.peer = _model(peer, length, keep_best, get_val_mask_func=leave_one_out_mask)
    keep_best.peer.fit(dataset)
    until = _Until(keep_best.best_epoch, began + seconds)
    seed_everything(seed, verbose=False)
    model = _model(peer, length, until)
    model.fit(dataset)
    asked = events[(events["period"] == 2) & events[Columns.User].isin(known[Columns.User])]
    users = np.sort(asked[Columns.User].unique())
    context = asked[columns[:1] + columns[2:]]
    lists = model.recommend(
        users,
        dataset,
        k=k,
        filter_viewed=True,
        context=context if model.require_recommend_context else None,
    )
    shown = np.full((events[Columns.User].max() + 1, k), -1, np.int64)
    shown[lists[Columns.User], lists[Columns.Rank] - 1] = lists[Columns.Item]
    facts = {"epochs": until.epochs, "best_epoch": keep_best.best_epoch}
    return shown, facts | {"validation_ndcg": keep_best.best}


def _model(peer: str, length: int, stop: Callback, **settings: Any) -> TransformerModelBase:
    common: dict[str, Any] = {
        "n_blocks": 1 if length <= _LONG else 2,
        "n_heads": 1,
        "n_factors": 64,
        "dropout_rate": 0.2,
        "session_max_len": length,
        "lr": 1e-3,
        "batch_size": 128,
        "item_net_block_types": (IdEmbeddingsItemNet,),
        "get_trainer_func": lambda: quiet_trainer(-1, stop),
        **settings,
    }
    if peer == "HSTU":
        return HSTUModel(**common)
    if peer == "eSASRec":
        return SASRecModel(
            **common,
            transformer_layers_type=LiGRLayers,
            loss="sampled_softmax",
            n_negatives=_NEGATIVES,
        )
    return SASRecModel(**common)


class _Until(Callback):
    """Stops after some epochs, or in the middle of one where time is over."""

    def __init__(self, epochs: int, time_is_over: float) -> None:
        self.epochs = 0
        self._last = epochs
        self._time_is_over = time_is_over

    def __deepcopy__(self, memo: dict[int, Any]) -> _Until:
        return self  # RecTools trains with a copy of its trainer

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Looks at the clock."""
        if time.perf_counter() > self._time_is_over:
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Counts."""
        self.epochs += 1
        if self.epochs >= self._last:
            trainer.should_stop = True


class _KeepBest(_Until):
    """Finds the epoch with the best NDCG; stops when patience or time is over."""

    def __init__(self, k: int, time_is_over: float) -> None:
        super().__init__(_PATIENCE, time_is_over)
        self.peer: TransformerModelBase
        self.best, self.best_epoch = -1.0, 1
        self._k = k

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measures; each better epoch lets the training go on for longer."""
        value = self._ndcg(pl_module)
        if value > self.best:
            self.best, self.best_epoch = value, self.epochs + 1
            self._last = self.best_epoch + _PATIENCE
        super().on_train_epoch_end(trainer, pl_module)

    @torch.no_grad()
    def _ndcg(self, module: LightningModule) -> float:
        network = module.torch_model
        network.eval()
        items = network.item_model.get_all_embeddings()
        tower = network.similarity_module
        gains = []
        for batch in self.peer.data_preparator.get_dataloader_val():
            sessions = network.encode_sessions(batch, items)[:, -1, :]
            scores = tower.session_tower_forward(sessions) @ tower.item_tower_forward(items).T
            own = scores.gather(1, batch["y"])
            scores.scatter_(1, batch["x"], -torch.inf)
            scores[:, :_SPECIAL] = -torch.inf
            rank = (scores > own).sum(dim=1)
            gains.append(torch.where(rank < self._k, 1.0 / torch.log2(rank + 2.0), 0.0))
        network.train()
        return float(torch.cat(gains).mean())
