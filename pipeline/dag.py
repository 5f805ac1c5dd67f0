"""The pipeline: which nodes there are, and what flows from one to the next."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from tfx.components.evaluator.component import Evaluator
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.trainer.component import Trainer
from tfx.components.transform.component import Transform
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2, transform_pb2
from tfx.types import standard_artifacts
from tfx.types.channel import BaseChannel, Channel

from components.baselines.component import Baselines
from components.data_gate.component import DataGate
from components.event_example_gen.component import EventExampleGen
from components.feature_schema.component import FeatureSchema
from components.fingerprint import code_fingerprint
from components.previous_model import PreviousBlessedModelStrategy
from components.pusher.component import Pusher
from components.recommender_assembler.component import RecommenderAssembler
from components.report.component import Report
from components.serving_validator.component import ServingValidator
from components.verdict.component import Verdict
from pipeline.eval_configs import list_eval_config, ranker_eval_config
from pipeline.gates import Gates, gates_with
from pipeline.loading import settings_hash
from pipeline.serving_folder import serving_folder
from pipeline.settings import Settings
from trainer.settings import TrainingSettings
from transform import features as keys

# In memory and in process; the default runner would first try to download another one.
BEAM_ARGS = ("--runner=FnApiRunner", "--direct_running_mode=in_memory")


def create_pipeline(settings: Settings) -> Pipeline:
    """The whole story, from the log to a served model and its report."""
    # What a node's work depends on; changed code is not served from the cache.
    rows_code = code_fingerprint("components", "transform")
    models_code = code_fingerprint("trainer", "transform")
    code = code_fingerprint("components", "serving", "trainer", "transform")
    gates = gates_with(settings.gates)
    features = _json(settings.features)
    data: dict[str, Any] = {
        "data": settings.data.model_dump_json(),
        "split": settings.split.model_dump_json(),
        "example_settings": settings.examples.model_dump_json(),
        "features": features,
        "seed": settings.seed,
        "code": rows_code,
    }

    # The log becomes rows, and the rows are looked at before anything learns from them.
    events = EventExampleGen(**data)
    examples = events.outputs["examples"]
    statistics = StatisticsGen(examples=examples)
    schema = FeatureSchema(
        statistics=statistics.outputs["statistics"], features=features, code=rows_code
    )
    anomalies = ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    data_gate = DataGate(
        statistics=statistics.outputs["statistics"],
        schema=schema.outputs["schema"],
        anomalies=anomalies.outputs["anomalies"],
        examples=examples,
        account=events.outputs["account"],
        rules=gates.data.model_dump_json(),
        **data,
    )

    # Two models learn behind one transform graph and become one recommender.
    transform = _transform(settings, examples, schema.outputs["schema"], models_code)
    transform.add_upstream_node(data_gate)
    retriever = _trainer(
        "Retriever", settings, settings.retriever, keys.TRAIN, transform, models_code
    )
    ranker = _trainer("Ranker", settings, settings.ranker, keys.RANKING, transform, models_code)
    recommender = RecommenderAssembler(
        retriever=retriever.outputs["model"],
        ranker=ranker.outputs["model"],
        transform_graph=transform.outputs["transform_graph"],
        transformed_examples=transform.outputs["transformed_examples"],
        tiles=events.outputs["tiles"],
        settings=settings.recommender.model_dump_json(),
        co_view_decay=settings.examples.co_view_decay,
        code=code,
    )
    model = recommender.outputs["model"]

    # The composed path is measured, against bounds, baselines and the model blessed before it.
    baselines = Baselines(
        examples=examples,
        split=settings.split.model_dump_json(),
        exclude_seen=settings.recommender.exclude_seen,
        code=code,
    )
    previous = _previous_model(model)
    ranker_evaluator, list_evaluator = _evaluators(settings, gates, examples, model, previous)
    verdict = Verdict(
        model=model,
        examples=examples,
        ranker_evaluation=ranker_evaluator.outputs["evaluation"],
        ranker_blessing=ranker_evaluator.outputs["blessing"],
        list_evaluation=list_evaluator.outputs["evaluation"],
        list_blessing=list_evaluator.outputs["blessing"],
        baselines=baselines.outputs["metrics"],
        data_checks=data_gate.outputs["checks"],
        rules=gates.verdict,
        code=code,
        baseline_model=previous.outputs["model"],
    )

    # A real server answers with it, and only then it is served.
    validator = ServingValidator(
        model=model,
        retriever=retriever.outputs["model"],
        examples=examples,
        transformed_examples=transform.outputs["transformed_examples"],
        bounds=gates.serving,
        features=features,
        exclude_seen=settings.recommender.exclude_seen,
        code=code,
    )
    pusher = Pusher(
        model=model,
        model_blessing=verdict.outputs["blessing"],
        infra_blessing=validator.outputs["blessing"],
        push_destination=str(serving_folder(settings)),
        code=code,
    )
    report = Report(
        settings=settings.model_dump_json(indent=2),
        settings_hash=settings_hash(settings),
        features=features,
        destination=str(settings.root / "report"),
        code=code,
        account=events.outputs["account"],
        data_checks=data_gate.outputs["checks"],
        verdict_checks=verdict.outputs["checks"],
        serving_checks=validator.outputs["checks"],
        blessing=verdict.outputs["blessing"],
        infra_blessing=validator.outputs["blessing"],
        list_evaluation=list_evaluator.outputs["evaluation"],
        ranker_evaluation=ranker_evaluator.outputs["evaluation"],
        baselines=baselines.outputs["metrics"],
        retriever_run=retriever.outputs["model_run"],
        ranker_run=ranker.outputs["model_run"],
        pushed_model=pusher.outputs["pushed_model"],
    )
    nodes = [
        *(events, statistics, schema, anomalies, data_gate, transform),
        *(retriever, ranker, recommender, baselines, previous),
        *(ranker_evaluator, list_evaluator, verdict, validator, pusher, report),
    ]
    return _pipeline(settings, nodes)


def _transform(
    settings: Settings, examples: BaseChannel, schema: BaseChannel, code: str
) -> Transform:
    """Vocabularies and moments come from what training may know; all rows are transformed."""
    splits = [keys.TRAIN, keys.RANKING, keys.VALIDATION, keys.EVAL, keys.CATALOGUE]
    return Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn="transform.preprocessing.preprocessing_fn",
        custom_config={"features": json.loads(_json(settings.features)), "code": code},
        splits_config=transform_pb2.SplitsConfig(
            analyze=[keys.TRAIN, keys.CATALOGUE], transform=splits
        ),
        disable_statistics=True,
    )


def _trainer(
    name: str,
    settings: Settings,
    model: TrainingSettings,
    split: str,
    transform: Transform,
    code: str,
) -> Trainer:
    package = {"Retriever": "two_tower", "Ranker": "ranker"}[name]
    return Trainer(
        run_fn=f"trainer.{package}.run.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        train_args=trainer_pb2.TrainArgs(splits=[split, keys.CATALOGUE]),
        eval_args=trainer_pb2.EvalArgs(splits=[keys.VALIDATION]),
        custom_config={
            "settings": model.model_dump(mode="json"),
            "features": json.loads(_json(settings.features)),
            "history_length": settings.examples.history_length,
            "seed": settings.seed,
            "workers": settings.workers,
            "code": code,
        },
    ).with_id(name)


def _previous_model(candidate: BaseChannel) -> Resolver:
    """The model blessed before the candidate; empty in the first run."""
    return Resolver(
        strategy_class=PreviousBlessedModelStrategy,
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(
            type=standard_artifacts.ModelBlessing,
            producer_component_id="Verdict",
            output_key="blessing",
        ),
        candidate=candidate,
    ).with_id("LatestBlessedModel")


def _evaluators(
    settings: Settings, gates: Gates, examples: BaseChannel, model: BaseChannel, previous: Resolver
) -> tuple[Evaluator, Evaluator]:
    """One measures the scores of each request's candidates, the other the lists users get."""
    channels = {
        "examples": examples,
        "model": model,
        "baseline_model": previous.outputs["model"],
        "example_splits": [keys.EVAL],
    }
    scores = ranker_eval_config(gates, settings.features)
    lists = list_eval_config(gates, settings.features)
    return (
        Evaluator(eval_config=scores, **channels).with_id("RankerEvaluator"),
        Evaluator(eval_config=lists, **channels).with_id("ListEvaluator"),
    )


def _pipeline(settings: Settings, nodes: Sequence[Any]) -> Pipeline:
    return Pipeline(
        pipeline_name=settings.name,
        pipeline_root=str(settings.root / "artifacts"),
        metadata_connection_config=sqlite_metadata_connection_config(
            str(settings.root / "metadata.sqlite")
        ),
        components=list(nodes),
        enable_cache=True,
        beam_pipeline_args=list(BEAM_ARGS),
    )


def _json(models: Sequence[BaseModel]) -> str:
    return json.dumps([model.model_dump(mode="json") for model in models])
