import json
from pathlib import Path

import polars as pl
import pytest
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.types import artifact_utils, channel, standard_artifacts

from components.artifacts import BaselineMetrics, Checks, UserStates
from components.checks import Bound, read_checks, write_checks
from components.training_period import TrainingPeriod, write_period
from components.verdict.component import Verdict
from components.verdict.executor import Executor
from pipeline.gates import Gates
from tests.components.toy_recommender import write_split
from tests.components.verdict.test_evaluation import write_results
from transform.settings import DataSettings, ExampleSettings, Table

GOOD_LISTS = {
    "example_count": 100.0,
    "ndcg_at_10": 0.3,
    "recall_at_10": 0.4,
    "distinct_list_ratio_at_10": 0.9,
    "distinct_items_at_10": 10.0,
}
GOOD_SCORES = {
    "example_count": 100.0,
    "auc": 0.9,
    "normalised_entropy": 0.5,
    "calibration": 1.0,
    "relative_ece": 0.1,
    "log_loss": 0.2,
}


def _artifact(kind, path, *, id=0):
    artifact = kind()
    artifact.uri, artifact.id = str(path), id
    Path(artifact.uri).mkdir(parents=True, exist_ok=True)
    return artifact


class Case:
    """All inputs of a Verdict node on disk, for a model that deserves its blessing."""

    def __init__(self, folder):
        self.folder = folder
        self.lists, self.scores = dict(GOOD_LISTS), dict(GOOD_SCORES)
        self.blessed = {"ranker": 1, "list": 1}
        self.baseline_ndcg = 0.1
        self.previous = []
        self.first_request = 2000

    def run(self):
        items = [{"item_id": [f"i{i}"]} for i in range(10)]
        write_split(self.folder / "examples", "catalogue", items)
        write_split(self.folder / "examples", "eval", [{"request_time": [self.first_request]}])
        examples = _artifact(standard_artifacts.Examples, self.folder / "examples")
        examples.split_names = artifact_utils.encode_split_names(["catalogue", "eval"])
        baselines = _artifact(BaselineMetrics, self.folder / "baselines")
        metrics = {
            name: {"ndcg_at_10": self.baseline_ndcg, "distinct_items_at_10": 4.0}
            for name in ("most_popular", "recent_popular", "item_knn", "sequential_rules")
        }
        (Path(baselines.uri) / BaselineMetrics.METRICS_FILE).write_text(json.dumps(metrics))
        data = _artifact(Checks, self.folder / "data_checks")
        write_checks(Path(data.uri) / Checks.CHECKS_FILE, [Bound(name="rows", lower=1).check(9)])
        self.model = _artifact(standard_artifacts.Model, self.folder / "model", id=41)
        trained = TrainingPeriod(protocol="time", first_time=1000, last_time=1999)
        write_period(Path(self.model.uri) / "Format-Serving", trained)
        inputs = {
            "model": [self.model],
            "examples": [examples],
            "baselines": [baselines],
            "data_checks": [data],
            "baseline_model": self.previous,
        }
        for name, values in (("ranker", self.scores), ("list", self.lists)):
            results = [((), "", metric, value) for metric, value in values.items()]
            evaluation = standard_artifacts.ModelEvaluation()
            evaluation.uri = write_results(self.folder / f"{name}_evaluation", results)
            blessing = _artifact(standard_artifacts.ModelBlessing, self.folder / f"{name}_blessing")
            blessing.set_int_custom_property("blessed", self.blessed[name])
            inputs |= {f"{name}_evaluation": [evaluation], f"{name}_blessing": [blessing]}
        states = _artifact(UserStates, self.folder / "user_states")
        pl.DataFrame({"history_time": [[1500]]}).write_parquet(
            Path(states.uri) / UserStates.USERS_FILE
        )
        inputs["user_states"] = [states]
        blessing = _artifact(standard_artifacts.ModelBlessing, self.folder / "blessing")
        checks = _artifact(Checks, self.folder / "checks")
        outputs = {"blessing": [blessing], "checks": [checks]}
        log = self.folder / "events.csv"
        log.write_text("user_id,item_id,event_time\n")
        properties = {
            "rules": Gates().verdict.model_dump_json(),
            "data": DataSettings(events=Table(path=str(log))).model_dump_json(),
            "example_settings": ExampleSettings().model_dump_json(),
            "features": "[]",
            "aggregates": "[]",
            "code": "x",
        }
        Executor().Do(inputs, outputs, properties)
        return blessing, read_checks(Path(checks.uri) / Checks.CHECKS_FILE)


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def test_a_good_model_is_blessed_as_tfx_would(case):
    blessing, checks = case.run()
    assert all(check.passed for check in checks)
    assert (Path(blessing.uri) / "BLESSED").exists()
    assert not (Path(blessing.uri) / "NOT_BLESSED").exists()
    assert blessing.get_int_custom_property("blessed") == 1
    assert blessing.get_int_custom_property("current_model_id") == 41
    assert blessing.get_string_custom_property("current_model") == case.model.uri
    assert "checks passed" in blessing.get_string_custom_property("blessing_message")


def test_a_log_without_propensities_is_said_and_stops_nothing(case):
    _, checks = case.run()
    (said,) = [check for check in checks if check.name == "off_policy_value"]
    assert said.passed
    assert said.value is None
    assert said.note == "refused: no log with propensities"


def test_the_resolver_of_tfx_finds_the_blessed_model(case):
    blessing, _ = case.run()
    other = _artifact(standard_artifacts.Model, case.folder / "other", id=42)
    found = LatestBlessedModelStrategy().resolve_artifacts(
        None, {"model": [case.model, other], "model_blessing": [blessing]}
    )
    assert [model.id for model in found["model"]] == [41]


def test_the_model_compared_with_is_named(case):
    case.previous = [_artifact(standard_artifacts.Model, case.folder / "previous", id=5)]
    blessing, _ = case.run()
    assert blessing.get_int_custom_property("baseline_model_id") == 5
    assert blessing.get_string_custom_property("baseline_model") == case.previous[0].uri


def _not_blessed(blessing, checks, name):
    assert [check.name for check in checks if not check.passed] == [name]
    assert (Path(blessing.uri) / "NOT_BLESSED").exists()
    assert not (Path(blessing.uri) / "BLESSED").exists()
    assert blessing.get_int_custom_property("blessed") == 0
    assert f"FAIL: {name}" in blessing.get_string_custom_property("blessing_message")


@pytest.mark.parametrize(
    ("part", "metric", "value"),
    [
        ("scores", "auc", 0.5),
        ("scores", "calibration", 3.0),
        ("lists", "distinct_list_ratio_at_10", 0.01),
    ],
)
def test_a_bad_metric_withholds_the_blessing(case, part, metric, value):
    getattr(case, part)[metric] = value
    _not_blessed(*case.run(), metric)


@pytest.mark.parametrize(
    ("name", "node"), [("ranker", "RankerEvaluator"), ("list", "ListEvaluator")]
)
def test_an_evaluator_that_did_not_bless_withholds_the_blessing(case, name, node):
    case.blessed[name] = 0
    _not_blessed(*case.run(), f"blessed by {node}")


def test_a_model_measured_on_its_training_period_is_withheld(case):
    case.first_request = 1999
    _not_blessed(*case.run(), "rows_within_training")


def test_no_better_than_the_baselines_is_withheld(case):
    case.baseline_ndcg = GOOD_LISTS["ndcg_at_10"]
    _, checks = case.run()
    assert [check.name for check in checks if not check.passed] == [
        "over item_knn: ndcg_at_10_lead",
        "over most_popular: ndcg_at_10_lead",
        "over recent_popular: ndcg_at_10_lead",
    ]


def test_the_node_takes_rules_and_an_optional_model():
    def of(kind):
        return channel.Channel(type=kind)

    node = Verdict(
        model=of(standard_artifacts.Model),
        examples=of(standard_artifacts.Examples),
        ranker_evaluation=of(standard_artifacts.ModelEvaluation),
        ranker_blessing=of(standard_artifacts.ModelBlessing),
        list_evaluation=of(standard_artifacts.ModelEvaluation),
        list_blessing=of(standard_artifacts.ModelBlessing),
        baselines=of(BaselineMetrics),
        data_checks=of(Checks),
        user_states=of(UserStates),
        rules=Gates().verdict,
        data="{}",
        example_settings="{}",
        features="[]",
        aggregates="[]",
        code="x",
    )
    assert node.exec_properties["rules"] == Gates().verdict.model_dump_json()
    assert set(node.outputs) == {"blessing", "checks"}
