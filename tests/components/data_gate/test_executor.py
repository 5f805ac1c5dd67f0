"""The data side from end to end: a simulated log through every node up to DataGate."""

import json
import sys

import polars as pl
import pytest
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner

from components.checks import Bound, read_checks
from components.data_gate.component import DataGate
from components.event_example_gen.component import EventExampleGen
from components.feature_schema.component import FeatureSchema
from simulation.writing import write_shop
from tests.components.data_gate.bounds import RULES
from transform.errors import DataError
from transform.settings import DataSettings, ExampleSettings, SplitSettings, Table

pytestmark = pytest.mark.slow

FEATURES = [
    {"name": "age", "side": "query", "kind": "number"},
    {"name": "country", "side": "query", "kind": "category"},
    {"name": "device", "side": "context", "kind": "category"},
    {"name": "title", "side": "candidate", "kind": "text"},
    {"name": "price", "side": "candidate", "kind": "number"},
    {"name": "available_from", "side": "candidate", "kind": "time"},
]


def components(shop, rules):
    tables = {name: Table(path=str(shop / f"{name}.parquet")) for name in ("items", "users")}
    settings = {
        "data": DataSettings(events=Table(path=str(shop / "events")), **tables).model_dump_json(),
        "split": SplitSettings().model_dump_json(),
        "example_settings": ExampleSettings(candidates=8).model_dump_json(),
        "features": json.dumps(FEATURES),
        "seed": 1,
        "code": "abc",
    }
    events = EventExampleGen(**settings)
    statistics = StatisticsGen(examples=events.outputs["examples"])
    schema = FeatureSchema(
        statistics=statistics.outputs["statistics"], features=settings["features"], code="abc"
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
    assert {"duplicate_share", "train leaked_rows", "ranking unexplained_rows"} <= names

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
    pl.read_parquet(users).with_columns(pl.col("age") + 1).write_parquet(users)
    run(nodes=1)
    examples = folder / "root" / "artifacts" / "EventExampleGen" / "examples"
    assert len(list(examples.iterdir())) == 2
