"""The pipeline that brings the served model up to date with the items, without a training.

    ServedParts -> ItemRefresh -> RecommenderAssembler -> the same gates -> Pusher -> Report

It has the name and the metadata of the pipeline that trains, so that both see each other's work: a
refreshed model is held against the trained one, and the next trained one against what is served.

What a training has found out and new items do not change is not found out again: the recommender
that it composed is the base of this one, see RecommenderAssembler. The gates are the same, and
measure the refreshed model.

Where the items are what they were, everything comes from the cache, and nothing is published. What
is served is a part of the Pusher's key: items that are put back are published again, since others
were served meanwhile. After `sluice rollback` a refresh takes the towers of the version that is
served then; a model that the rollback took back is withheld, and `sluice status` says why, until
the items or the towers are others. What was decided while a refresh ran is not undone by it: where
something else is served by then, what it has made is withheld.
"""

from __future__ import annotations

from typing import Any

from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts
from tfx.types.channel import Channel

from components import artifacts
from components.item_refresh.component import ItemRefresh
from components.pusher.served import state
from components.served_parts import ServedPartsStrategy
from pipeline.dag import composed, pipeline_of
from pipeline.gate_overrides import gates_with
from pipeline.judging import (
    Candidate,
    Rivals,
    all_code,
    declared_aggregates,
    declared_features,
    judge,
)
from pipeline.serving_folder import serving_folder
from pipeline.settings import Settings

_PARTS: dict[str, type] = {
    "pushed_model": standard_artifacts.PushedModel,
    "model": standard_artifacts.Model,
    "retriever": standard_artifacts.Model,
    "ranker": standard_artifacts.Model,
    "retriever_run": standard_artifacts.ModelRun,
    "ranker_run": standard_artifacts.ModelRun,
    "transform_graph": standard_artifacts.TransformGraph,
    "transformed_examples": standard_artifacts.Examples,
    "examples": standard_artifacts.Examples,
    "tiles": artifacts.Tiles,
    "account": artifacts.DataAccount,
    "user_states": artifacts.UserStates,
    "data_checks": artifacts.Checks,
    "baselines": artifacts.BaselineMetrics,
}


def create_pipeline(settings: Settings) -> Pipeline:
    """From the items table to a served model: new vectors, a new index, the same gates."""
    parts = Resolver(
        strategy_class=ServedPartsStrategy,
        config={"served_folder": str(serving_folder(settings))},
        **{key: Channel(type=kind) for key, kind in _PARTS.items()},
    ).with_id("ServedParts")
    trained = parts.outputs
    items = _items(settings, trained)
    recommender = composed(
        settings,
        {
            "retriever": items.outputs["retriever"],
            "ranker": items.outputs["ranker"],
            "transform_graph": items.outputs["transform_graph"],
            "transformed_examples": items.outputs["transformed_examples"],
            "tiles": trained["tiles"],
            "base": trained["model"],
        },
    )
    candidate = Candidate(
        model=recommender.outputs["model"],
        retriever=items.outputs["retriever"],
        examples=items.outputs["examples"],
        transformed_examples=items.outputs["transformed_examples"],
        tiles=trained["tiles"],
        account=trained["account"],
        user_states=trained["user_states"],
        data_checks=trained["data_checks"],
        retriever_run=trained["retriever_run"],
        ranker_run=trained["ranker_run"],
    )
    rivals = Rivals(trained["baselines"], trained["model"])
    served = state(serving_folder(settings))
    judged = judge(settings, gates_with(settings.gates), candidate, rivals, served)
    return pipeline_of(settings, [parts, items, recommender, *judged])


def _items(settings: Settings, trained: Any) -> ItemRefresh:
    return ItemRefresh(
        model=trained["model"],
        retriever=trained["retriever"],
        ranker=trained["ranker"],
        transform_graph=trained["transform_graph"],
        examples=trained["examples"],
        transformed_examples=trained["transformed_examples"],
        data=settings.data.model_dump_json(),
        features=declared_features(settings),
        aggregates=declared_aggregates(settings),
        code=all_code(),
    )
