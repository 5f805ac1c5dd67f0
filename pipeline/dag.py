"""The pipeline: which nodes there are, and what flows from one to the next."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import tensorflow_data_validation as tfdv
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.trainer.component import Trainer
from tfx.components.transform.component import Transform
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2, transform_pb2

from components.baselines.component import Baselines
from components.data_gate.component import DataGate
from components.evaluator.component import Evaluator
from components.event_example_gen.component import EventExampleGen
from components.feature_schema.component import FeatureSchema
from components.fingerprint import code_fingerprint
from components.pusher.component import Pusher
from components.recommender_assembler.component import RecommenderAssembler
from components.report.component import Report
from components.serving_validator.component import ServingValidator
from components.verdict.component import Verdict
from pipeline.eval_configs import list_eval_config, ranker_eval_config
from pipeline.gate_overrides import gates_with
from pipeline.gates import Gates
from pipeline.loading import settings_hash
from pipeline.resolvers import previous_model, previous_span
from pipeline.serving_folder import serving_folder
from pipeline.settings import Settings
from trainer.settings import TrainingSettings
from transform import features as keys

# In memory and in process; the default runner would first try to download another one. Without an
# image named, TFX would pack a source distribution of itself for each Beam node.
BEAM_ARGS = (
    "--runner=FnApiRunner",
    "--direct_running_mode=in_memory",
    "--sdk_container_image=local",
)

# Measures lists while rows still come in batches.
LIST_EXTRACTORS = "trainer.metrics.list_extractors"

# Hundredths tell where numbers lie, and how long histories are, well enough to notice a drift.
QUANTILES = {"num_quantiles_histogram_buckets": 100, "num_values_histogram_buckets": 100}


class _Rows(NamedTuple):
    """The log becomes rows, and the rows are looked at before anything learns from them."""

    events: EventExampleGen
    statistics: StatisticsGen
    previous: Resolver
    schema: FeatureSchema
    anomalies: ExampleValidator
    data_gate: DataGate


class _Models(NamedTuple):
    """Two models learn behind one transform graph and become one recommender."""

    transform: Transform
    retriever: Trainer
    ranker: Trainer
    recommender: RecommenderAssembler


class _Judgement(NamedTuple):
    """The composed path against bounds, baselines and the model blessed before it."""

    baselines: Baselines
    previous: Resolver
    ranker_evaluator: Evaluator
    list_evaluator: Evaluator
    verdict: Verdict


class _Service(NamedTuple):
    """A real server answers with the model, and only then it is published."""

    validator: ServingValidator
    pusher: Pusher


def create_pipeline(settings: Settings) -> Pipeline:
    """The whole story, from the log to a served model and its report."""
    gates = gates_with(settings.gates)
    rows = _rows(settings, gates)
    models = _models(settings, rows)
    judgement = _judgement(settings, gates, rows, models)
    service = _service(settings, gates, rows, models, judgement)
    report = _report(settings, rows, models, judgement, service)
    return Pipeline(
        pipeline_name=settings.name,
        pipeline_root=str(settings.root / "artifacts"),
        metadata_connection_config=sqlite_metadata_connection_config(
            str(settings.root / "metadata.sqlite")
        ),
        components=[*rows, *models, *judgement, *service, report],
        enable_cache=True,
        beam_pipeline_args=list(BEAM_ARGS),
    )


def _rows(settings: Settings, gates: Gates) -> _Rows:
    code = code_fingerprint("components", "transform")
    log: dict[str, Any] = {
        "data": settings.data.model_dump_json(),
        "split": settings.split.model_dump_json(),
        "example_settings": settings.examples.model_dump_json(),
        "features": _features(settings),
        "aggregates": _aggregates(settings),
        "seed": settings.seed,
        "code": code,
    }
    events = EventExampleGen(**log)
    statistics = StatisticsGen(
        examples=events.outputs["examples"], stats_options=tfdv.StatsOptions(**QUANTILES)
    )
    previous = previous_span(statistics.outputs["statistics"])
    schema = FeatureSchema(
        statistics=statistics.outputs["statistics"],
        features=_features(settings),
        aggregates=_aggregates(settings),
        labels=json.dumps(settings.examples.labels),
        code=code,
    )
    anomalies = ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    data_gate = DataGate(
        statistics=statistics.outputs["statistics"],
        schema=schema.outputs["schema"],
        anomalies=anomalies.outputs["anomalies"],
        examples=events.outputs["examples"],
        account=events.outputs["account"],
        previous_statistics=previous.outputs["statistics"],
        rules=gates.data.model_dump_json(),
        **log,
    )
    return _Rows(events, statistics, previous, schema, anomalies, data_gate)


def _models(settings: Settings, rows: _Rows) -> _Models:
    transform = _transform(settings, rows)
    transform.add_upstream_node(rows.data_gate)
    retriever = _trainer("Retriever", settings, settings.retriever, transform)
    ranker = _trainer("Ranker", settings, settings.ranker, transform)
    recommender = RecommenderAssembler(
        retriever=retriever.outputs["model"],
        ranker=ranker.outputs["model"],
        transform_graph=transform.outputs["transform_graph"],
        transformed_examples=transform.outputs["transformed_examples"],
        tiles=rows.events.outputs["tiles"],
        settings=settings.recommender.model_dump_json(),
        split=settings.split.model_dump_json(),
        example_settings=settings.examples.model_dump_json(),
        code=_all_code(),
    )
    return _Models(transform, retriever, ranker, recommender)


def _judgement(settings: Settings, gates: Gates, rows: _Rows, models: _Models) -> _Judgement:
    examples = rows.events.outputs["examples"]
    model = models.recommender.outputs["model"]
    baselines = Baselines(
        examples=examples,
        split=settings.split.model_dump_json(),
        exclude_seen=settings.recommender.exclude_seen,
        code=_all_code(),
    )
    previous = previous_model(model)
    # One measures the scores of each request's candidates, the other the lists users get.
    channels: dict[str, Any] = {
        "examples": examples,
        "model": model,
        "baseline_model": previous.outputs["model"],
        "example_splits": [keys.EVAL],
    }
    measured = (gates, settings.features, settings.slices)
    seen = settings.recommender.exclude_seen
    scores = ranker_eval_config(*measured, exclude_seen=seen)
    lists = list_eval_config(*measured)
    ranker_evaluator = Evaluator(eval_config=scores, **channels).with_id("RankerEvaluator")
    list_evaluator = Evaluator(eval_config=lists, module_path=LIST_EXTRACTORS, **channels).with_id(
        "ListEvaluator"
    )
    verdict = Verdict(
        model=model,
        examples=examples,
        ranker_evaluation=ranker_evaluator.outputs["evaluation"],
        ranker_blessing=ranker_evaluator.outputs["blessing"],
        list_evaluation=list_evaluator.outputs["evaluation"],
        list_blessing=list_evaluator.outputs["blessing"],
        baselines=baselines.outputs["metrics"],
        data_checks=rows.data_gate.outputs["checks"],
        rules=gates.verdict,
        code=_all_code(),
        baseline_model=previous.outputs["model"],
    )
    return _Judgement(baselines, previous, ranker_evaluator, list_evaluator, verdict)


def _service(
    settings: Settings, gates: Gates, rows: _Rows, models: _Models, judgement: _Judgement
) -> _Service:
    validator = ServingValidator(
        model=models.recommender.outputs["model"],
        retriever=models.retriever.outputs["model"],
        examples=rows.events.outputs["examples"],
        transformed_examples=models.transform.outputs["transformed_examples"],
        bounds=gates.serving,
        features=_features(settings),
        aggregates=_aggregates(settings),
        exclude_seen=settings.recommender.exclude_seen,
        served_folder=str(serving_folder(settings)),
        code=_all_code(),
    )
    pusher = Pusher(
        model=models.recommender.outputs["model"],
        model_blessing=judgement.verdict.outputs["blessing"],
        infra_blessing=validator.outputs["blessing"],
        push_destination=str(serving_folder(settings)),
        rollout=settings.serving.rollout,
        code=_all_code(),
    )
    return _Service(validator, pusher)


def _report(
    settings: Settings, rows: _Rows, models: _Models, judgement: _Judgement, service: _Service
) -> Report:
    return Report(
        settings=settings.model_dump_json(indent=2),
        settings_hash=settings_hash(settings),
        features=_features(settings),
        seed=settings.seed,
        destination=str(settings.root / "report"),
        code=_all_code(),
        account=rows.events.outputs["account"],
        data_checks=rows.data_gate.outputs["checks"],
        verdict_checks=judgement.verdict.outputs["checks"],
        serving_checks=service.validator.outputs["checks"],
        blessing=judgement.verdict.outputs["blessing"],
        infra_blessing=service.validator.outputs["blessing"],
        list_evaluation=judgement.list_evaluator.outputs["evaluation"],
        ranker_evaluation=judgement.ranker_evaluator.outputs["evaluation"],
        baselines=judgement.baselines.outputs["metrics"],
        retriever_run=models.retriever.outputs["model_run"],
        ranker_run=models.ranker.outputs["model_run"],
        pushed_model=service.pusher.outputs["pushed_model"],
        examples=rows.events.outputs["examples"],
        tiles=rows.events.outputs["tiles"],
        model=models.recommender.outputs["model"],
        baseline_model=judgement.previous.outputs["model"],
    )


def _transform(settings: Settings, rows: _Rows) -> Transform:
    """Vocabularies and moments come from what training may know; all rows are transformed."""
    splits = [keys.TRAIN, keys.RANKING, keys.VALIDATION, keys.EVAL, keys.CATALOGUE]
    return Transform(
        examples=rows.events.outputs["examples"],
        schema=rows.schema.outputs["schema"],
        preprocessing_fn="transform.preprocessing.preprocessing_fn",
        custom_config={
            "features": json.loads(_features(settings)),
            "aggregates": json.loads(_aggregates(settings)),
            "code": code_fingerprint("transform"),
        },
        splits_config=transform_pb2.SplitsConfig(
            analyze=[keys.TRAIN, keys.CATALOGUE], transform=splits
        ),
        disable_statistics=True,
    )


def _trainer(
    name: str, settings: Settings, model: TrainingSettings, transform: Transform
) -> Trainer:
    package, split = {
        "Retriever": ("two_tower", keys.TRAIN),
        "Ranker": ("ranker", keys.RANKING),
    }[name]
    return Trainer(
        run_fn=f"trainer.{package}.run.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        train_args=trainer_pb2.TrainArgs(splits=[split, keys.CATALOGUE]),
        eval_args=trainer_pb2.EvalArgs(splits=[keys.VALIDATION]),
        custom_config={
            "settings": model.model_dump(mode="json"),
            "features": json.loads(_features(settings)),
            "aggregates": json.loads(_aggregates(settings)),
            "history_length": settings.examples.history_length,
            "seed": settings.seed,
            "workers": settings.workers,
            "code": code_fingerprint("trainer", "transform"),
        },
    ).with_id(name)


def _features(settings: Settings) -> str:
    return json.dumps([feature.model_dump(mode="json") for feature in settings.features])


def _aggregates(settings: Settings) -> str:
    return json.dumps([aggregate.model_dump(mode="json") for aggregate in settings.aggregates])


def _all_code() -> str:
    """For nodes whose work may reach any room."""
    return code_fingerprint("components", "serving", "trainer", "transform")
