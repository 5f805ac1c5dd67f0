"""What the metadata tell of runs, without TFX."""

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.lineage import Lineage, NodeState

E = mlmd.Execution
STATES = "SluiceUserStates"


def opened(shop):
    return Lineage.open(shop.root, "shop")


def test_a_root_without_metadata_has_no_lineage(tmp_path):
    assert Lineage.open(tmp_path, "shop") is None


def test_no_run_yet(shop):
    assert opened(shop).last_run() is None
    assert opened(shop).latest_artifact(STATES) is None


def test_the_last_run_node_by_node(shop):
    shop.run("one", {"A": (E.COMPLETE, None, None, "")})
    shop.run(
        "two",
        {
            "A": (E.CACHED, None, None, ""),
            "B": (E.FAILED, None, None, "too bad"),
            "C": (E.CANCELED, None, None, ""),
            "D": (E.RUNNING, None, None, ""),
        },
    )
    run = opened(shop).last_run()
    assert run.run_id == "two"
    assert [(node.node_id, node.state, node.error) for node in run.nodes] == [
        ("A", NodeState.CACHED, ""),
        ("B", NodeState.FAILED, "too bad"),
        ("C", NodeState.INTERRUPTED, ""),
        ("D", NodeState.RUNNING, ""),
    ]
    assert all(node.seconds >= 0 for node in run.nodes)


def test_runs_of_another_pipeline_in_the_same_root_do_not_count(shop):
    shop.run("one", {"A": (E.COMPLETE, None, None, "")})
    assert Lineage.open(shop.root, "other").last_run() is None


def test_an_artifact_that_was_taken_from_the_cache_again_is_the_latest(shop):
    first, second = shop.states("1"), shop.states("2")
    shop.run("one", {"A": (E.COMPLETE, STATES, first, "")})
    shop.run("two", {"A": (E.COMPLETE, STATES, second, "")})
    assert opened(shop).latest_artifact(STATES) == second
    shop.run("three", {"A": (E.CACHED, STATES, first, "")})
    assert opened(shop).latest_artifact(STATES) == first


@pytest.mark.parametrize("state", [E.FAILED, E.CANCELED, E.RUNNING])
def test_what_an_unfinished_node_put_out_is_not_used(shop, state):
    first, second = shop.states("1"), shop.states("2")
    shop.run("one", {"A": (E.COMPLETE, STATES, first, "")})
    shop.run("two", {"A": (state, STATES, second, "")})
    assert opened(shop).latest_artifact(STATES) == first


def test_an_artifact_that_was_deleted_is_passed_over(shop):
    first = shop.states("1")
    shop.run("one", {"A": (E.COMPLETE, STATES, first, "")})
    shop.run("two", {"A": (E.COMPLETE, STATES, shop.root / "gone", "")})
    assert opened(shop).latest_artifact(STATES) == first


def test_other_nodes_and_types_are_passed_over(shop):
    first = shop.states("1")
    shop.run("one", {"A": (E.COMPLETE, STATES, first, "")})
    assert opened(shop).latest_artifact("Model") is None
    assert opened(shop).latest_artifact(STATES, "B") is None
    assert opened(shop).latest_artifact(STATES, "A") == first
