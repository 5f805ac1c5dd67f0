"""What a candidate must pass before it is served, and the report of it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from tfx.dsl.components.base.base_node import BaseNode
from tfx.types.channel import BaseChannel

from components.evaluator.component import Evaluator
from components.fingerprint import code_fingerprint
from components.pusher.component import Pusher
from components.report.component import Report
from components.serving_validator.component import ServingValidator
from components.verdict.component import Verdict
from pipeline.eval_configs import list_eval_config, ranker_eval_config
from pipeline.gates import Gates
from pipeline.loading import settings_hash
from pipeline.serving_folder import serving_folder
from pipeline.settings import Settings
from transform import features as keys

# Modules of the Evaluators: both share models; one measures lists while rows still come in batches.
LIST_EXTRACTORS = "trainer.metrics.list_extractors"
SCORE_MODELS = "trainer.metrics.score_models"


class Candidate(NamedTuple):
    """Channels of a recommender and of what it was made from.

    Attributes:
        model: The composed recommender.
        retriever: Its retriever.
        examples: Raw rows with the catalogue and the held-out splits.
        transformed_examples: The same rows, transformed.
        tiles: Item aggregates of the training period.
        account: Where every row of the log went.
        user_states: States of the users at the end of the log.
        data_checks: What the DataGate found in the rows.
        retriever_run: The retriever's training.
        ranker_run: The ranker's training.
    """

    model: BaseChannel
    retriever: BaseChannel
    examples: BaseChannel
    transformed_examples: BaseChannel
    tiles: BaseChannel
    account: BaseChannel
    user_states: BaseChannel
    data_checks: BaseChannel
    retriever_run: BaseChannel
    ranker_run: BaseChannel


class _Judgement(NamedTuple):
    """The composed path against bounds, baselines and another model."""

    ranker_evaluator: Evaluator
    list_evaluator: Evaluator
    verdict: Verdict


class _Service(NamedTuple):
    """A real server answers with the model, and only then it is published."""

    validator: ServingValidator
    pusher: Pusher


class Rivals(NamedTuple):
    """Channels of what a candidate is held against.

    Attributes:
        baselines: Metrics of simple recommenders on the same held-out rows.
        previous: Another model; empty where there is none.
    """

    baselines: BaseChannel
    previous: BaseChannel


def judge(
    settings: Settings,
    gates: Gates,
    candidate: Candidate,
    rivals: Rivals,
    served: str | None = None,
) -> list[BaseNode]:
    """The nodes between a composed recommender and its users, and the report of it all.

    Args:
        settings: Of the pipeline.
        gates: What the candidate must pass.
        candidate: It, and what it was made from.
        rivals: What it is held against.
        served: What is served now, where that decides whether it is pushed once more.
    """
    judgement = _judgement(settings, gates, candidate, rivals)
    service = _service(settings, gates, candidate, judgement.verdict, served)
    report = _report(settings, candidate, rivals, judgement, service)
    return [*judgement, *service, report]


def _judgement(
    settings: Settings, gates: Gates, candidate: Candidate, rivals: Rivals
) -> _Judgement:
    # One measures the scores of each request's candidates, the other the lists users get.
    channels: dict[str, Any] = {
        "examples": candidate.examples,
        "model": candidate.model,
        "baseline_model": rivals.previous,
    }
    measured = (gates, settings.features, settings.slices)
    shown = settings.recommender.fits_shown_lists
    ranker_evaluator = Evaluator(
        eval_config=ranker_eval_config(
            *measured, exclude_seen=settings.recommender.exclude_seen, shown=shown
        ),
        module_path=SCORE_MODELS,
        example_splits=[keys.SHOWN[keys.EVAL] if shown else keys.EVAL],
        **channels,
    ).with_id("RankerEvaluator")
    list_evaluator = Evaluator(
        eval_config=list_eval_config(*measured),
        module_path=LIST_EXTRACTORS,
        example_splits=[keys.EVAL],
        **channels,
    ).with_id("ListEvaluator")
    verdict = Verdict(
        model=candidate.model,
        examples=candidate.examples,
        ranker_evaluation=ranker_evaluator.outputs["evaluation"],
        ranker_blessing=ranker_evaluator.outputs["blessing"],
        list_evaluation=list_evaluator.outputs["evaluation"],
        list_blessing=list_evaluator.outputs["blessing"],
        baselines=rivals.baselines,
        data_checks=candidate.data_checks,
        user_states=candidate.user_states,
        rules=gates.verdict,
        data=settings.data.model_dump_json(),
        example_settings=settings.examples.model_dump_json(),
        features=declared_features(settings),
        aggregates=declared_aggregates(settings),
        code=all_code(),
        baseline_model=rivals.previous,
    )
    return _Judgement(ranker_evaluator, list_evaluator, verdict)


def _service(
    settings: Settings,
    gates: Gates,
    candidate: Candidate,
    verdict: Verdict,
    served: str | None,
) -> _Service:
    validator = ServingValidator(
        model=candidate.model,
        retriever=candidate.retriever,
        examples=candidate.examples,
        transformed_examples=candidate.transformed_examples,
        bounds=gates.serving,
        features=declared_features(settings),
        aggregates=declared_aggregates(settings),
        exclude_seen=settings.recommender.exclude_seen,
        served_folder=str(serving_folder(settings)),
        code=all_code(),
    )
    pusher = Pusher(
        model=candidate.model,
        model_blessing=verdict.outputs["blessing"],
        infra_blessing=validator.outputs["blessing"],
        push_destination=str(serving_folder(settings)),
        rollout=settings.serving.rollout,
        served=served,
        code=all_code(),
    )
    return _Service(validator, pusher)


def _report(
    settings: Settings,
    candidate: Candidate,
    rivals: Rivals,
    judgement: _Judgement,
    service: _Service,
) -> Report:
    return Report(
        settings=settings.model_dump_json(indent=2),
        settings_hash=settings_hash(settings),
        features=declared_features(settings),
        seed=settings.seed,
        destination=str(settings.root / "report"),
        code=all_code(),
        account=candidate.account,
        data_checks=candidate.data_checks,
        verdict_checks=judgement.verdict.outputs["checks"],
        serving_checks=service.validator.outputs["checks"],
        blessing=judgement.verdict.outputs["blessing"],
        infra_blessing=service.validator.outputs["blessing"],
        list_evaluation=judgement.list_evaluator.outputs["evaluation"],
        ranker_evaluation=judgement.ranker_evaluator.outputs["evaluation"],
        baselines=rivals.baselines,
        retriever_run=candidate.retriever_run,
        ranker_run=candidate.ranker_run,
        pushed_model=service.pusher.outputs["pushed_model"],
        examples=candidate.examples,
        tiles=candidate.tiles,
        model=candidate.model,
        baseline_model=rivals.previous,
    )


def declared_features(settings: Settings) -> str:
    """The declared features as a JSON list, as it travels in execution properties."""
    return json.dumps([feature.model_dump(mode="json") for feature in settings.features])


def declared_aggregates(settings: Settings) -> str:
    """The declared aggregates, likewise."""
    return json.dumps([aggregate.model_dump(mode="json") for aggregate in settings.aggregates])


def all_code() -> str:
    """For nodes whose work may reach any room."""
    return code_fingerprint("components", "serving", "trainer", "transform")
