"""The nodes that train a model: Trainer, and where it is asked for the search before it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tfx.components.trainer.component import Trainer
from tfx.components.transform.component import Transform
from tfx.components.tuner.component import Tuner
from tfx.dsl.components.common.resolver import Resolver
from tfx.proto import trainer_pb2

from components.fingerprint import code_fingerprint
from pipeline.judging import declared_aggregates, declared_features
from pipeline.searches import search_folder
from pipeline.settings import Settings
from trainer.settings import TrainingSettings
from transform import features as keys

# Model -> the package that trains it, and the rows it trains on.
_MODELS = {"Retriever": ("two_tower", keys.TRAIN), "Ranker": ("ranker", keys.RANKING)}


class Training(NamedTuple):
    """A model's nodes.

    Attributes:
        tuner: The search, None without one.
        trainer: The training.
    """

    tuner: Tuner | None
    trainer: Trainer


def training(
    name: str,
    settings: Settings,
    model: TrainingSettings,
    transform: Transform,
    previous: Resolver | None,
) -> Training:
    """The nodes of a model; those of the trainer and the tuner see the same.

    Args:
        name: `Retriever` or `Ranker`: id of the Trainer, and with `Tuner` after it of the search.
        settings: Of the pipeline.
        model: Of the model.
        transform: The rows.
        previous: The models that a training may go on from, None where all start cold.
    """
    package, split = _MODELS[name]
    held_out = keys.VALIDATION
    if split == keys.RANKING and settings.recommender.fits_shown_lists:
        held_out = keys.SHOWN[held_out]
    config = _config(settings, model)
    given: dict[str, Any] = {
        "examples": transform.outputs["transformed_examples"],
        "transform_graph": transform.outputs["transform_graph"],
        "base_model": previous.outputs[name.lower()] if previous and model.warm_start else None,
        "train_args": trainer_pb2.TrainArgs(splits=[split, keys.CATALOGUE]),
        "eval_args": trainer_pb2.EvalArgs(splits=[held_out]),
    }
    tuner = None
    if model.tuning:
        search = {
            "tuning": model.tuning.model_dump(mode="json"),
            "folder": str(search_folder(settings, name.lower())),
        }
        tuner = Tuner(
            tuner_fn=f"trainer.tuning.run.tune_{name.lower()}",
            custom_config=config | search,
            **given,
        ).with_id(f"{name}Tuner")
    trainer = Trainer(
        run_fn=f"trainer.{package}.run.run_fn",
        hyperparameters=tuner.outputs["best_hyperparameters"] if tuner else None,
        custom_config=config,
        **given,
    ).with_id(name)
    return Training(tuner, trainer)


def _config(settings: Settings, model: TrainingSettings) -> dict[str, Any]:
    return {
        # The search has a node of its own: another one that finds the same changes no training.
        "settings": model.model_dump(mode="json", exclude={"tuning"}),
        "features": json.loads(declared_features(settings)),
        "aggregates": json.loads(declared_aggregates(settings)),
        "history_length": settings.examples.history_length,
        "protocol": settings.split.protocol,
        "exclude_seen": settings.recommender.exclude_seen,
        "seed": settings.seed,
        "workers": settings.workers,
        "code": code_fingerprint("trainer", "transform"),
    }
