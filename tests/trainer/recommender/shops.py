"""Composes recommenders over the toy shop."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.trainer.conftest import FEATURES
from trainer.calibration import Calibration
from trainer.catalogue import Catalogue
from trainer.ranker.model import Ranker
from trainer.recommender.model import Parts, Recommender
from trainer.recommender.tables import CoView
from trainer.settings import RecommenderSettings
from trainer.two_tower.model import TwoTower


def compose(
    retriever: TwoTower, ranker: Ranker, catalogue: Catalogue, **settings: Any
) -> Recommender:
    followers = np.zeros((12, 2), np.int64)
    followers[3] = [4, 5]
    weights = np.where(followers > 0, 1.0, 0.0).astype(np.float32)
    recommender = Recommender(
        Parts(
            retriever=retriever,
            ranker=ranker,
            catalogue=catalogue,
            co_view=CoView(followers, weights),
            co_view_decay=0.8,
            settings=RecommenderSettings(**settings),
            features=FEATURES,
        )
    )
    others = [0.0] * catalogue.aggregates.shape[1]
    known = Calibration(weights=(1.0, 0.1, 2.0, 0.3, 0.5, *others), slope=1.0, offset=-3.0)
    newcomers = Calibration(weights=(0.0, 0.0, 0.0, 1.0, 0.0, *others), slope=1.0, offset=-4.0)
    recommender.set_calibration(newcomers, known)
    return recommender
