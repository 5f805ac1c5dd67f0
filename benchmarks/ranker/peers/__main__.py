"""One peer: learns from a table of candidates, and scores those of two others.

`python -m benchmarks.ranker.peers PEER FOLDER SEED SCORES SAID`

Both give each item left out the weight that those in its place have, as the ranker does, stop
where the validation lists no longer gain, and know which columns are categories.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd

from benchmarks.ranker.table import TEST, TRAIN, VALIDATION, Floats, Table
from benchmarks.said import report

_TREES, _PATIENCE = 2000, 50
_LEARNING_RATE = 0.05
_THREADS = 2

Score = Any  # Table -> scores


def main(peer: str, folder: str, seed: str, scores: str, said: str) -> None:
    """Learns, scores, reports."""
    train, validation, test = (Table.load(Path(folder), p) for p in (TRAIN, VALIDATION, TEST))
    began = time.perf_counter()
    score, trees = PEERS[peer](train, validation, int(seed))
    seconds = time.perf_counter() - began
    np.savez(scores, validation=score(validation), test=score(test))
    report(Path(said), seconds=seconds, trees=trees)


def _lambda_mart(train: Table, validation: Table, seed: int) -> tuple[Score, int]:
    """LightGBM's LambdaMART, by NDCG@10 of the validation lists."""
    parameters = {
        "objective": "lambdarank",
        "eval_at": [10],
        "learning_rate": _LEARNING_RATE,
        "num_leaves": 63,
        "min_data_in_leaf": 50,
        "seed": seed,
        "num_threads": _THREADS,
        "verbose": -1,
    }
    learned = lightgbm.Dataset(
        train.columns,
        train.label,
        group=train.sizes,
        weight=1.0 / train.probability,
        categorical_feature=np.flatnonzero(train.is_category).tolist(),
    )
    stops = lightgbm.Dataset(
        validation.columns, validation.label, group=validation.sizes, reference=learned
    )
    model = lightgbm.train(
        parameters,
        learned,
        num_boost_round=_TREES,
        valid_sets=[stops],
        callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False)],
    )
    return lambda table: model.predict(table.columns), model.best_iteration


def _boosted_classifier(train: Table, validation: Table, seed: int) -> tuple[Score, int]:
    """CatBoost by log loss: ordered target statistics of the categories and of their pairs."""
    model = catboost.CatBoostClassifier(
        iterations=_TREES,
        learning_rate=_LEARNING_RATE * 2,
        random_seed=seed,
        thread_count=_THREADS,
        verbose=False,
        allow_writing_files=False,
        early_stopping_rounds=_PATIENCE,
    )
    model.fit(_pool(train), eval_set=_pool(validation))

    def score(table: Table) -> Floats:
        logits: Floats = model.predict(_pool(table), prediction_type="RawFormulaVal")
        return logits

    return score, model.tree_count_


def _pool(table: Table) -> catboost.Pool:
    frame = pd.DataFrame(table.columns)
    categories = np.flatnonzero(table.is_category).tolist()
    frame = frame.astype(dict.fromkeys(categories, np.int64))
    weight = 1.0 / table.probability
    return catboost.Pool(frame, table.label, weight=weight, cat_features=categories)


PEERS = {"LightGBM LambdaMART": _lambda_mart, "CatBoost": _boosted_classifier}

if __name__ == "__main__":
    main(*sys.argv[1:])
