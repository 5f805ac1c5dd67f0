"""The pipeline: which nodes there are, and what flows from one to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow_data_validation as tfdv
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.transform.component import Transform
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import transform_pb2
from tfx.types.channel import BaseChannel

from components.baselines.component import Baselines
from components.data_gate.component import DataGate
from components.event_example_gen.component import EventExampleGen
from components.feature_schema.component import FeatureSchema
from components.fingerprint import code_fingerprint
from components.recommender_assembler.component import RecommenderAssembler
from pipeline.gate_overrides import gates_with
from pipeline.gates import Gates
from pipeline.judging import (
    Candidate,
    Rivals,
    all_code,
    declared_aggregates,
    declared_features,
    judge,
)
from pipeline.resolvers import previous_model, previous_span, previous_towers
from pipeline.settings import Settings
from pipeline.training import Training, training
from transform import features as keys

# In memory and in process; the default runner would first try to download another one. Without an
# image named, TFX would pack a source distribution of itself for each Beam node.
BEAM_ARGS = (
    "--runner=FnApiRunner",
    "--direct_running_mode=in_memory",
    "--sdk_container_image=local",
)

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
    """Two models learn behind one transform graph and become one recommender.

    They may go on from those of an earlier run.
    """

    transform: Transform
    previous: Resolver | None
    retriever: Training
    ranker: Training
    recommender: RecommenderAssembler

    @property
    def nodes(self) -> list[BaseNode]:
        """All of them that there are."""
        trainings = (*self.retriever, *self.ranker)
        return [*filter(None, (self.transform, self.previous, *trainings)), self.recommender]


def create_pipeline(settings: Settings) -> Pipeline:
    """The whole story, from the log to a served model and its report."""
    gates = gates_with(settings.gates)
    rows = _rows(settings, gates)
    models = _models(settings, rows)
    candidate = _candidate(rows, models)
    baselines = _baselines(settings, rows)
    previous = previous_model(candidate.model)
    rivals = Rivals(baselines.outputs["metrics"], previous.outputs["model"])
    judged = judge(settings, gates, candidate, rivals)
    nodes = [*rows, *models.nodes, baselines, previous, *judged]
    return pipeline_of(settings, nodes)


def create_data_pipeline(settings: Settings) -> Pipeline:
    """Its beginning: the log becomes rows, and the rows are judged."""
    return pipeline_of(settings, _rows(settings, gates_with(settings.gates)))


def pipeline_of(settings: Settings, components: Sequence[BaseNode]) -> Pipeline:
    """Nodes as a pipeline of these settings: its name, where it writes and what it remembers."""
    return Pipeline(
        pipeline_name=settings.name,
        pipeline_root=str(settings.root / "artifacts"),
        metadata_connection_config=sqlite_metadata_connection_config(
            str(settings.root / "metadata.sqlite")
        ),
        components=list(components),
        enable_cache=True,
        beam_pipeline_args=list(BEAM_ARGS),
    )


def _rows(settings: Settings, gates: Gates) -> _Rows:
    code = code_fingerprint("components", "transform")
    follows = {
        "repeats": not settings.recommender.exclude_seen,
        "shown_held_out": settings.recommender.fits_shown_lists,
    }
    log: dict[str, Any] = {
        "data": settings.data.model_dump_json(),
        "split": settings.split.model_dump_json(),
        "example_settings": settings.examples.model_copy(update=follows).model_dump_json(),
        "features": declared_features(settings),
        "aggregates": declared_aggregates(settings),
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
        features=declared_features(settings),
        aggregates=declared_aggregates(settings),
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
    transformed = transform.outputs["transformed_examples"]
    warm = settings.retriever.warm_start or settings.ranker.warm_start
    previous = previous_towers(transformed) if warm else None
    retriever = training("Retriever", settings, settings.retriever, transform, previous)
    ranker = training("Ranker", settings, settings.ranker, transform, previous)
    recommender = composed(
        settings,
        {
            "retriever": retriever.trainer.outputs["model"],
            "ranker": ranker.trainer.outputs["model"],
            "transform_graph": transform.outputs["transform_graph"],
            "transformed_examples": transformed,
            "tiles": rows.events.outputs["tiles"],
        },
    )
    return _Models(transform, previous, retriever, ranker, recommender)


def composed(settings: Settings, parts: Mapping[str, BaseChannel]) -> RecommenderAssembler:
    """The node that composes a recommender.

    Args:
        settings: Of the pipeline.
        parts: Name of an input -> its channel.
    """
    return RecommenderAssembler(
        **parts,
        settings=settings.recommender.model_dump_json(),
        split=settings.split.model_dump_json(),
        example_settings=settings.examples.model_dump_json(),
        code=all_code(),
    )


def _baselines(settings: Settings, rows: _Rows) -> Baselines:
    return Baselines(
        examples=rows.events.outputs["examples"],
        split=settings.split.model_dump_json(),
        exclude_seen=settings.recommender.exclude_seen,
        code=all_code(),
    )


def _candidate(rows: _Rows, models: _Models) -> Candidate:
    return Candidate(
        model=models.recommender.outputs["model"],
        retriever=models.retriever.trainer.outputs["model"],
        examples=rows.events.outputs["examples"],
        transformed_examples=models.transform.outputs["transformed_examples"],
        tiles=rows.events.outputs["tiles"],
        account=rows.events.outputs["account"],
        user_states=rows.events.outputs["user_states"],
        data_checks=rows.data_gate.outputs["checks"],
        retriever_run=models.retriever.trainer.outputs["model_run"],
        ranker_run=models.ranker.trainer.outputs["model_run"],
    )


def _transform(settings: Settings, rows: _Rows) -> Transform:
    """Vocabularies and moments come from what training may know; all rows are transformed."""
    splits = keys.splits(shown=settings.recommender.fits_shown_lists)
    return Transform(
        examples=rows.events.outputs["examples"],
        schema=rows.schema.outputs["schema"],
        preprocessing_fn="transform.preprocessing.preprocessing_fn",
        custom_config={
            "features": json.loads(declared_features(settings)),
            "aggregates": json.loads(declared_aggregates(settings)),
            "code": code_fingerprint("transform"),
        },
        splits_config=transform_pb2.SplitsConfig(
            analyze=[keys.TRAIN, keys.CATALOGUE], transform=splits
        ),
        disable_statistics=True,
    )
