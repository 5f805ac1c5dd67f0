"""The shape of the pipeline that refreshes the items: no training, the same gates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.refresh_items import BESIDE
from pipeline.item_refresh import create_pipeline
from pipeline.runners.local import compile_pipeline
from pipeline.serving_folder import serving_folder
from pipeline.settings import Settings
from tests.pipeline.test_dag import before, compiled
from transform.settings import DataSettings, Table

GATES = {"RankerEvaluator", "ListEvaluator", "Verdict", "ServingValidator"}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Node id -> node of the compiled pipeline."""
    folder = tmp_path_factory.mktemp("refresh")
    table = Table(path=str(folder / "any.csv"))
    data = DataSettings(events=table, items=table)
    settings = Settings(name="toy", root=folder / "root", data=data)
    pipeline = compile_pipeline(create_pipeline(settings), "run")
    return {node.pipeline_node.node_info.id: node.pipeline_node for node in pipeline.nodes}


def test_nothing_is_read_from_the_log_and_nothing_trained(nodes: dict[str, Any]) -> None:
    parts = {"ServedParts", "ItemRefresh", "RecommenderAssembler"}
    assert set(nodes) == parts | GATES | {"Pusher", "Report"}


def test_nothing_is_pushed_before_every_gate(nodes: dict[str, Any]) -> None:
    assert before(nodes, "Pusher") > GATES


def test_the_gates_are_those_of_a_training(nodes: dict[str, Any], tmp_path: Path) -> None:
    trained = compiled(tmp_path)
    for node in ("ListEvaluator", "RankerEvaluator", "Verdict"):
        assert _rules(nodes[node]) == _rules(trained[node])


def test_the_candidate_is_held_against_what_the_training_made(nodes: dict[str, Any]) -> None:
    for node in ("ListEvaluator", "RankerEvaluator", "Verdict"):
        (channel,) = nodes[node].inputs.inputs["baseline_model"].channels
        assert channel.producer_node_query.id == "ServedParts"
        assert channel.output_key == "model"


def test_what_is_composed_and_served_comes_from_the_refresh(nodes: dict[str, Any]) -> None:
    for node, key in (
        ("RecommenderAssembler", "retriever"),
        ("RecommenderAssembler", "transformed_examples"),
        ("ServingValidator", "retriever"),
        ("ListEvaluator", "examples"),
    ):
        (channel,) = nodes[node].inputs.inputs[key].channels
        assert channel.producer_node_query.id == "ItemRefresh"


def test_the_base_is_what_the_training_composed(nodes: dict[str, Any], tmp_path: Path) -> None:
    (channel,) = nodes["RecommenderAssembler"].inputs.inputs["base"].channels
    assert channel.producer_node_query.id == "ServedParts"
    assert channel.output_key == "model"
    assert "base" not in compiled(tmp_path)["RecommenderAssembler"].inputs.inputs


def test_what_runs_beside_others_need_not_wait_for_them(nodes: dict[str, Any]) -> None:
    for node in BESIDE:
        assert not before(nodes, node) & {"RankerEvaluator", "ListEvaluator", "Verdict"}


def _pusher_key(settings: Settings) -> str:
    """The execution properties of the Pusher, which decide whether it comes from the cache."""
    pipeline = compile_pipeline(create_pipeline(settings), "run")
    (pusher,) = [n for n in pipeline.nodes if n.pipeline_node.node_info.id == "Pusher"]
    return str(pusher.pipeline_node.parameters)


def test_the_push_of_a_refresh_depends_on_what_is_served(tmp_path: Path) -> None:
    table = Table(path=str(tmp_path / "any.csv"))
    data = DataSettings(events=table, items=table)
    settings = Settings(name="toy", root=tmp_path / "root", data=data)
    served = serving_folder(settings)
    for version in ("1", "2"):
        (served / version).mkdir(parents=True)
    (served / "1" / "saved_model.pb").touch()
    before = _pusher_key(settings)
    assert _pusher_key(settings) == before
    (served / "2" / "saved_model.pb").touch()
    assert _pusher_key(settings) != before


def test_the_push_of_a_training_does_not(nodes: dict[str, Any], tmp_path: Path) -> None:
    assert "served" not in compiled(tmp_path)["Pusher"].parameters.parameters
    assert "served" in nodes["Pusher"].parameters.parameters


def _rules(node: Any) -> dict[str, str]:
    """What a node is told, without where the tables lie: those of the two pipelines differ here."""
    told = node.parameters.parameters
    return {name: str(value) for name, value in told.items() if name != "data"}
