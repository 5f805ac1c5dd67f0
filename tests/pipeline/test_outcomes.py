"""What became of each run, from the metadata alone."""

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from pipeline.lineage import Lineage, NodeState
from pipeline.outcomes import outcomes

E = mlmd.Execution


def told(shop, *, running=False):
    return outcomes(Lineage.open(shop.root, "shop"), running=running)


def test_a_pushed_and_a_withheld_run_latest_first(shop):
    shop.judged("one", blessed=True, pushed=1780000000)
    shop.judged("two", blessed=False, reason="the Verdict did not bless it.")
    two, one = told(shop)
    assert (one.run_id, one.state, one.blessed, one.pushed_version, one.reason) == (
        ("one", NodeState.DONE, True, 1780000000, "")
    )
    assert (two.run_id, two.state, two.blessed, two.pushed_version, two.reason) == (
        ("two", NodeState.DONE, False, None, "the Verdict did not bless it.")
    )
    assert one.started <= two.started


def test_a_run_that_failed_says_where_and_has_no_verdict(shop):
    shop.run(
        "one", {"A": (E.COMPLETE, None, None, ""), "DataGate": (E.FAILED, None, None, "drift")}
    )
    [one] = told(shop)
    assert (one.state, one.blessed, one.pushed_version) == (NodeState.FAILED, None, None)
    assert one.reason == "DataGate: drift"


@pytest.mark.parametrize(
    ("running", "state"), [(True, NodeState.RUNNING), (False, NodeState.INTERRUPTED)]
)
def test_an_open_node_runs_only_in_a_run_that_is_under_way(shop, running, state):
    shop.run("one", {"A": (E.RUNNING, None, None, "")})
    assert told(shop, running=running)[0].state is state


@pytest.mark.parametrize(
    ("running", "state"), [(True, NodeState.RUNNING), (False, NodeState.INTERRUPTED)]
)
def test_a_run_that_stopped_between_two_nodes_is_not_done(shop, running, state):
    shop.run("one", {"A": (E.COMPLETE, None, None, ""), "Pusher": (E.COMPLETE, None, None, "")})
    assert told(shop, running=running)[0].state is state


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("ending", [E.COMPLETE, E.CACHED])
def test_a_run_is_done_once_its_report_is(shop, ending, running):
    shop.run("one", {"A": (E.CACHED, None, None, ""), "Report": (ending, None, None, "")})
    assert told(shop, running=running)[0].state is NodeState.DONE


def test_a_report_that_failed_ends_no_run(shop):
    shop.run("one", {"A": (E.COMPLETE, None, None, ""), "Report": (E.FAILED, None, None, "full")})
    assert told(shop)[0].state is NodeState.FAILED


def test_only_the_latest_run_can_be_under_way(shop):
    shop.run("one", {"A": (E.RUNNING, None, None, "")})
    shop.run("two", {"A": (E.RUNNING, None, None, "")})
    assert [run.state for run in told(shop, running=True)] == [
        NodeState.RUNNING,
        NodeState.INTERRUPTED,
    ]


def test_a_cached_pusher_puts_out_the_same_version_again(shop):
    shop.judged("one", blessed=True, pushed=3)
    shop.run("two", {"Pusher": (E.CACHED, "PushedModel", shop.folder / "one-pushed", "")})
    assert [run.pushed_version for run in told(shop)] == [3, 3]


@pytest.mark.parametrize(
    ("run_id", "state"), [("one", NodeState.INTERRUPTED), ("one-data", NodeState.DONE)]
)
def test_a_run_that_only_judges_the_rows_ends_with_their_gate(shop, run_id, state):
    shop.run(run_id, {"A": (E.COMPLETE, None, None, ""), "DataGate": (E.COMPLETE, None, None, "")})
    assert told(shop)[0].state is state
