"""The data side from end to end: a simulated log through every node up to DataGate."""

import json
import sys

import polars as pl
import pytest
import tensorflow_data_validation as tfdv
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.types import artifact_utils, standard_artifacts

from components.checks import Bound, read_checks
from components.data_gate.component import DataGate
from components.data_gate.declared import Declared
from components.data_gate.drift import check_drift
from components.event_example_gen.component import EventExampleGen
from components.feature_schema.component import FeatureSchema
from components.statistics import read_statistics
from pipeline.dag import QUANTILES
from simulation.writing import write_shop
from tests.components.data_gate.bounds import RULES, failed
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


def properties(shop):
    tables = {name: Table(path=str(shop / f"{name}.parquet")) for name in ("items", "users")}
    return {
        "data": DataSettings(events=Table(path=str(shop / "events")), **tables).model_dump_json(),
        "split": SplitSettings().model_dump_json(),
        "example_settings": ExampleSettings(candidates=8).model_dump_json(),
        "features": json.dumps(FEATURES),
        "aggregates": json.dumps(AGGREGATES),
        "seed": 1,
        "code": "abc",
    }


def components(shop, rules):
    settings = properties(shop)
    events = EventExampleGen(**settings)
    statistics = StatisticsGen(
        examples=events.outputs["examples"], stats_options=tfdv.StatsOptions(**QUANTILES)
    )
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
        rules=rules.model_dump_json(),
        **settings,
    )
    return [events, statistics, schema, anomalies, gate]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data_side")
    write_shop(folder / "shop", events=12_000, users=300, items=60, days=30, seed=1)
    return folder


@pytest.fixture
def run(folder, monkeypatch):
    monkeypatch.setattr(sys, "argv", sys.argv[:1])  # TFX hands the rest to Beam

    def run(rules=RULES, nodes=5):
        root = folder / "root"
        LocalDagRunner().run(
            pipeline.Pipeline(
                "data",
                str(root / "artifacts"),
                metadata_connection_config=metadata.sqlite_metadata_connection_config(
                    str(folder / "metadata.sqlite")
                ),
                components=components(folder / "shop", rules)[:nodes],
                enable_cache=True,
                beam_pipeline_args=["--runner=FnApiRunner", "--direct_running_mode=in_memory"],
            )
        )
        return sorted((root / "artifacts" / "DataGate" / "checks").glob("*/checks.json"))

    return run


def test_good_data_passes_bad_data_stops_and_content_decides_what_is_cached(folder, run):
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
        "train unexplained_rows",
        "ranking unexplained_rows",
        "clicks_7d single_feature_auc",
        "item_ctr_7d single_feature_auc",
        "price single_feature_auc",
        "eval.age number_skew",
    } <= names
    certified = {check.name: check.value for check in checks if "certified_rows" in check.name}
    assert len(certified) == 5
    assert all(certified.values())

    part = next((folder / "shop" / "events").rglob("*.parquet"))
    part.touch()
    assert run() == [first]  # nothing ran again

    more = Bound(name="rows", lower=100, why="too few to learn from")
    with pytest.raises(DataError) as error:
        run(RULES.model_copy(update={"rows": more}))
    assert "DataGate stopped the run: 1 of" in str(error.value)
    assert "FAIL: catalogue rows is 60; it must be at least 100 (too few to learn from)." in str(
        error.value
    )

    users = folder / "shop" / "users.parquet"
    pl.read_parquet(users).with_columns(pl.col("age") + 40).write_parquet(users)
    run(nodes=2)
    before, now = statistics(folder / "root" / "artifacts" / "StatisticsGen" / "statistics")
    declared = Declared.of(properties(folder / "shop"))
    assert failed(check_drift(now, now, declared, RULES)) == []
    assert failed(check_drift(now, before, declared, RULES)) == ["train.age number_drift"]


def statistics(folder):
    """What StatisticsGen wrote in each run, oldest first."""
    found = []
    for path in sorted(folder.iterdir(), key=lambda path: int(path.name)):
        artifact = standard_artifacts.ExampleStatistics()
        artifact.uri = str(path)
        splits = [split.name.removeprefix("Split-") for split in path.glob("Split-*")]
        artifact.split_names = artifact_utils.encode_split_names(splits)
        found.append(read_statistics([artifact]))
    return found
