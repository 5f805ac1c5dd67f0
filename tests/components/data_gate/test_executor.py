"""The data side from end to end: a simulated log through every node up to DataGate."""

import json
import sys

import polars as pl
import pytest
import tensorflow_data_validation as tfdv
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.types import standard_artifacts
from tfx.types.channel import Channel

from components.checks import Bound, read_checks
from components.data_gate.component import DataGate
from components.event_example_gen.component import EventExampleGen
from components.feature_schema.component import FeatureSchema
from components.previous_span import PreviousSpanStrategy
from pipeline.dag import QUANTILES
from simulation.writing import write_shop
from tests.components.data_gate.bounds import RULES
from tests.components.data_gate.toy_nodes import Toy, Verdict
from transform.errors import DataError
from transform.settings import DataSettings, ExampleSettings, SplitSettings, Table

pytestmark = pytest.mark.slow

FEATURES = [
    {"name": "age", "side": "query", "kind": "number"},
    {"name": "country", "side": "query", "kind": "category"},
    {"name": "device", "side": "context", "kind": "category"},
    {"name": "title", "side": "candidate", "kind": "text"},
    {"name": "price", "side": "candidate", "kind": "number"},
    {"name": "category", "side": "candidate", "kind": "category"},
    {"name": "available_from", "side": "candidate", "kind": "time"},
]
AGGREGATES = [
    {"name": "clicks_7d", "of": "user", "count": "click", "window": "7d"},
    {
        "name": "kind_views",
        "of": "user_category",
        "by": "category",
        "count": "view",
        "window": "7d",
    },
    {"name": "item_ctr_7d", "of": "item", "rate": "click", "per": "impression", "window": "7d"},
    {"name": "all_views_1d", "of": "all", "count": "view", "window": "1d"},
]


def components(shop, rules):
    tables = {name: Table(path=str(shop / f"{name}.parquet")) for name in ("items", "users")}
    settings = {
        "data": DataSettings(events=Table(path=str(shop / "events")), **tables).model_dump_json(),
        "split": SplitSettings().model_dump_json(),
        "example_settings": ExampleSettings(candidates=8).model_dump_json(),
        "features": json.dumps(FEATURES),
        "aggregates": json.dumps(AGGREGATES),
        "seed": 1,
        "code": "abc",
    }
    events = EventExampleGen(**settings)
    statistics = StatisticsGen(
        examples=events.outputs["examples"], stats_options=tfdv.StatsOptions(**QUANTILES)
    )
    previous = Resolver(
        strategy_class=PreviousSpanStrategy,
        statistics=Channel(type=standard_artifacts.ExampleStatistics),
        model_blessing=Channel(
            type=standard_artifacts.ModelBlessing,
            producer_component_id="Verdict",
            output_key="blessing",
        ),
        candidate=statistics.outputs["statistics"],
    ).with_id("LatestBlessedSpan")
    schema = FeatureSchema(
        statistics=statistics.outputs["statistics"],
        features=settings["features"],
        aggregates=settings["aggregates"],
        code="abc",
    )
    anomalies = ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    gate = DataGate(
        statistics=statistics.outputs["statistics"],
        schema=schema.outputs["schema"],
        anomalies=anomalies.outputs["anomalies"],
        examples=events.outputs["examples"],
        account=events.outputs["account"],
        previous_statistics=previous.outputs["statistics"],
        rules=rules.model_dump_json(),
        **settings,
    )
    model = Toy(schema=schema.outputs["schema"])
    model.add_upstream_node(gate)
    verdict = Verdict(model=model.outputs["model"])
    return [events, statistics, previous, schema, anomalies, gate, model, verdict]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data_side")
    write_shop(folder / "shop", events=12_000, users=300, items=60, days=30, seed=1)
    return folder


@pytest.fixture
def run(folder, monkeypatch):
    monkeypatch.setattr(sys, "argv", sys.argv[:1])  # TFX hands the rest to Beam

    def run(rules=RULES):
        root = folder / "root"
        LocalDagRunner().run(
            pipeline.Pipeline(
                "data",
                str(root / "artifacts"),
                metadata_connection_config=metadata.sqlite_metadata_connection_config(
                    str(folder / "metadata.sqlite")
                ),
                components=components(folder / "shop", rules),
                enable_cache=True,
                beam_pipeline_args=["--runner=FnApiRunner", "--direct_running_mode=in_memory"],
            )
        )
        return sorted((root / "artifacts" / "DataGate" / "checks").glob("*/checks.json"))

    return run


def test_good_data_passes_bad_or_drifted_data_stops_and_content_decides_what_is_cached(folder, run):
    (first,) = run()
    checks = read_checks(first)
    assert [check.sentence for check in checks if not check.passed] == []
    names = {check.name for check in checks}
    assert {
        "out_of_order_share",
        "read again: unaccounted_rows",
        "train after training: leaked_rows",
        "ranking after mid-training: leaked_rows",
        "ranking at the request: leaked_rows",
        "eval at the request: leaked_rows",
        "train unexplained_rows",
        "ranking unexplained_rows",
        "clicks_7d single_feature_auc",
        "item_ctr_7d single_feature_auc",
        "price single_feature_auc",
        "eval.age number_skew",
    } <= names
    certified = {check.name: check.value for check in checks if "certified_rows" in check.name}
    assert len(certified) == 6
    assert all(certified.values())

    part = next((folder / "shop" / "events").rglob("*.parquet"))
    part.touch()
    assert run() == [first]  # nothing ran again, though a model of these data is blessed by now

    more = Bound(name="rows", lower=100, why="too few to learn from")
    with pytest.raises(DataError) as error:
        run(RULES.model_copy(update={"rows": more}))
    assert "DataGate stopped the run: 1 of" in str(error.value)
    assert "FAIL: catalogue rows is 60; it must be at least 100 (too few to learn from)." in str(
        error.value
    )

    users = folder / "shop" / "users.parquet"
    pl.read_parquet(users).with_columns(pl.col("age") + 40).write_parquet(users)
    with pytest.raises(DataError, match=r"1 of .*\n.*train\.age number_drift is .*must be at most"):
        run()
