"""The shape of the pipeline: what waits for what, and what a change makes run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.dag import create_pipeline
from pipeline.runners.local import compile_pipeline
from pipeline.settings import Settings
from trainer.settings import RecommenderSettings
from transform.settings import DataSettings, Table


def compiled(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    """Node id -> node of the compiled pipeline."""
    settings = Settings(
        name="toy",
        root=tmp_path / "root",
        data=DataSettings(events=Table(path=str(tmp_path / "events.csv"))),
        **changes,
    )
    pipeline = compile_pipeline(create_pipeline(settings), "run")
    return {node.pipeline_node.node_info.id: node.pipeline_node for node in pipeline.nodes}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The pipeline of default settings."""
    return compiled(tmp_path_factory.mktemp("dag"))


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The pipeline whose retriever starts warm."""
    return compiled(tmp_path_factory.mktemp("warm"), retriever={"warm_start": 0.1})


def before(nodes: dict[str, Any], node: str) -> set[str]:
    """All nodes that a node waits for, directly or not."""
    waiting, found = [node], set()
    while waiting:
        upstream = set(nodes[waiting.pop()].upstream_nodes) - found
        found |= upstream
        waiting += upstream
    return found


@pytest.mark.parametrize("node", ["Transform", "Retriever", "Ranker", "RecommenderAssembler"])
def test_nothing_learns_before_the_data_passed_its_gate(nodes: dict[str, Any], node: str) -> None:
    assert "DataGate" in before(nodes, node)


def test_data_are_held_against_those_of_the_blessed_model(nodes: dict[str, Any]) -> None:
    (channel,) = nodes["DataGate"].inputs.inputs["previous_statistics"].channels
    assert channel.producer_node_query.id == "LatestBlessedSpan"
    assert nodes["DataGate"].inputs.inputs["previous_statistics"].min_count == 0


@pytest.mark.parametrize("exclude_seen", [True, False])
def test_rows_count_with_repeats_where_lists_show_them(tmp_path: Path, exclude_seen: bool) -> None:
    nodes = compiled(tmp_path, recommender=RecommenderSettings(exclude_seen=exclude_seen))
    for node in ("EventExampleGen", "DataGate"):
        told = nodes[node].parameters.parameters["example_settings"].field_value.string_value
        assert json.loads(told)["repeats"] is not exclude_seen


def test_nothing_is_pushed_before_every_gate(nodes: dict[str, Any]) -> None:
    gates = {"DataGate", "RankerEvaluator", "ListEvaluator", "Verdict", "ServingValidator"}
    assert gates < before(nodes, "Pusher")


def test_the_report_comes_last(nodes: dict[str, Any]) -> None:
    assert before(nodes, "Report") == set(nodes) - {"Report"}


@pytest.mark.parametrize(
    "resolver", ["LatestBlessedModel", "LatestBlessedSpan", "LatestBlessedTowers"]
)
def test_only_the_verdict_s_blessings_make_a_model_the_one_that_counts(
    warm: dict[str, Any], resolver: str
) -> None:
    """Both Evaluators write blessings too, for one half of the question each."""
    sources = [
        query.name.field_value.string_value
        for source in warm[resolver].inputs.inputs.values()
        for channel in source.channels
        if channel.artifact_query.type.name == "ModelBlessing"
        for query in channel.context_queries
        if query.type.name == "node"
    ]
    assert sources == ["toy.Verdict"]


def parameters(nodes: dict[str, Any], node: str) -> str:
    """What besides its inputs decides whether a node is served from the cache."""
    return str(nodes[node].parameters)


def test_other_bounds_retrain_nothing_but_judge_again(
    nodes: dict[str, Any], tmp_path: Path
) -> None:
    strict = compiled(tmp_path, gates={"ndcg_at_10": {"lower": 0.5}})
    for node in ("Transform", "Retriever", "Ranker", "RecommenderAssembler"):
        assert parameters(strict, node) == parameters(nodes, node)
    for node in ("ListEvaluator", "Verdict"):
        assert parameters(strict, node) != parameters(nodes, node)


def test_other_model_settings_retrain_that_model(nodes: dict[str, Any], tmp_path: Path) -> None:
    longer = compiled(tmp_path, retriever={"epochs": 3})
    assert parameters(longer, "Retriever") != parameters(nodes, "Retriever")
    assert parameters(longer, "Ranker") == parameters(nodes, "Ranker")


def test_a_warm_start_goes_on_from_the_blessed_model_where_there_is_one(
    warm: dict[str, Any],
) -> None:
    base = warm["Retriever"].inputs.inputs["base_model"]
    assert [channel.producer_node_query.id for channel in base.channels] == ["LatestBlessedTowers"]
    assert base.min_count == 0
    assert before(warm, "LatestBlessedTowers") >= {"Transform", "DataGate"}


def test_what_starts_cold_is_told_of_no_earlier_model(
    warm: dict[str, Any], nodes: dict[str, Any]
) -> None:
    assert "base_model" not in warm["Ranker"].inputs.inputs
    assert "LatestBlessedTowers" not in nodes


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The pipeline that searches for settings of both models, the retriever's with warm starts."""
    space = {"learning_rate": {"min": 1e-4, "max": 1e-2, "scale": "log"}, "layers": [1, 2]}
    return compiled(
        tmp_path_factory.mktemp("tuned"),
        retriever={"warm_start": 0.1, "tuning": {"trials": 3, "space": space}},
        ranker={"tuning": {"trials": 2, "space": {"dropout": [0.1, 0.2]}}},
    )


@pytest.mark.parametrize("model", ["Retriever", "Ranker"])
def test_a_search_is_a_node_before_the_training_that_takes_its_values(
    tuned: dict[str, Any], nodes: dict[str, Any], model: str
) -> None:
    [values] = tuned[model].inputs.inputs["hyperparameters"].channels
    assert values.producer_node_query.id == f"{model}Tuner"
    assert "DataGate" in before(tuned, f"{model}Tuner")
    assert f"{model}Tuner" not in nodes
    assert "hyperparameters" not in nodes[model].inputs.inputs


@pytest.mark.parametrize("model", ["Retriever", "Ranker"])
def test_a_trial_is_given_what_the_training_is(tuned: dict[str, Any], model: str) -> None:
    trained, tried = tuned[model], tuned[f"{model}Tuner"]
    inputs = set(trained.inputs.inputs) - {"hyperparameters"}
    assert inputs == set(tried.inputs.inputs)
    assert ("base_model" in inputs) is (model == "Retriever")
    for key in ("train_args", "eval_args"):
        assert trained.parameters.parameters[key] == tried.parameters.parameters[key]
    settled, searched = (
        json.loads(node.parameters.parameters["custom_config"].field_value.string_value)
        for node in (trained, tried)
    )
    assert settled.items() <= searched.items()
    assert set(searched) - set(settled) == {"tuning", "folder"}


@pytest.mark.parametrize("model", ["Retriever", "Ranker"])
def test_epochs_are_chosen_by_lists_as_they_are_served(
    nodes: dict[str, Any], tmp_path: Path, model: str
) -> None:
    other = compiled(tmp_path, recommender={"exclude_seen": False})
    said = [
        json.loads(found[model].parameters.parameters["custom_config"].field_value.string_value)
        for found in (nodes, other)
    ]
    assert [config["exclude_seen"] for config in said] == [True, False]


def test_another_search_trains_anew_only_where_it_finds_other_values(
    tuned: dict[str, Any], nodes: dict[str, Any]
) -> None:
    assert parameters(tuned, "Ranker") == parameters(nodes, "Ranker")
    assert "tuning" not in parameters(nodes, "Ranker")


def _splits(nodes: dict[str, Any], node: str, parameter: str) -> list[str]:
    told = nodes[node].parameters.parameters[parameter].field_value.string_value
    found = json.loads(told)
    return list(found["splits"] if isinstance(found, dict) else found)


@pytest.mark.parametrize(
    ("calibration", "validation", "evaluation"),
    [("requests", "validation", "eval"), ("shown", "shown_validation", "shown_eval")],
)
def test_scores_are_chosen_and_measured_by_what_they_are_fitted_to(
    tmp_path: Path, calibration: str, validation: str, evaluation: str
) -> None:
    nodes = compiled(tmp_path, recommender={"calibration": calibration})
    assert _splits(nodes, "Ranker", "eval_args") == [validation]
    assert _splits(nodes, "RankerEvaluator", "example_splits") == [evaluation]
    # What is retrieved is asked of what users did next, whatever scores mean.
    assert _splits(nodes, "Retriever", "eval_args") == ["validation"]
    assert _splits(nodes, "ListEvaluator", "example_splits") == ["eval"]
    for node in ("EventExampleGen", "DataGate"):
        told = nodes[node].parameters.parameters["example_settings"].field_value.string_value
        assert json.loads(told)["shown_held_out"] is (calibration == "shown")
