"""Nodes in order, cached, failed, abandoned: the runner on a toy pipeline in this process."""

import contextlib
import sys

import pytest

from pipeline.lineage import Lineage, NodeState

pytestmark = pytest.mark.slow


class Watcher:
    """Keeps what the runner tells about each node."""

    def __init__(self):
        self.told = []

    @contextlib.contextmanager
    def __call__(self, node_id, number, total):
        self.told.append([f"{number}/{total}", node_id, "?"])
        yield self

    def finish(self, state):
        self.told[-1][2] = state

    def say(self, line):
        self.told[-1].append(line)


@pytest.fixture
def run(toy, toy_module):
    """Runs the toy pipeline once: run id -> what was told of each node."""
    from pipeline.runners import local
    from pipeline.runners.interruption import Interruption

    def once(run_id):
        watcher = Watcher()
        pipeline = toy_module.create_pipeline(toy.settings)
        local.run(pipeline, run_id, watcher, Interruption())
        return watcher.told

    return once


def test_the_second_run_takes_every_node_from_the_cache(toy, run, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["sluice", "run", "--workers=9"])
    assert run("one") == [
        ["1/3", "Source", "done"],
        ["2/3", "Middle", "done"],
        ["3/3", "Sink", "done"],
    ]
    assert [state for _, _, state in run("two")] == ["cached"] * 3
    assert toy.outputs("Sink") == {3: "abab"}  # our arguments did not reach the executor
    assert sys.argv == ["sluice", "run", "--workers=9"]


def test_a_failed_node_stops_the_run_and_leaves_nothing_half_written(toy, run):
    from pipeline.runners.node import NodeError

    toy.order("fail")
    with pytest.raises(NodeError, match="Middle failed: ValueError: the middle gave way"):
        run("one")
    assert toy.outputs("Middle") == {}
    lineage = Lineage.open(toy.root, "toy")
    nodes = {node.node_id: node for node in lineage.last_run().nodes}
    assert nodes["Middle"].state is NodeState.FAILED
    assert nodes["Middle"].error == "ValueError: the middle gave way"
    assert "Sink" not in nodes

    toy.order("go on")
    assert [state for _, _, state in run("two")] == ["cached", "done", "done"]
    assert list(toy.outputs("Middle").values()) == ["abab"]


def test_what_a_node_says_while_it_runs_is_told(toy, run):
    toy.order("say")
    assert run("one")[1] == ["2/3", "Middle", "done", "half way"]


def test_our_own_errors_are_told_without_their_class(toy, run):
    from pipeline.runners.node import NodeError

    toy.order("refuse")
    with pytest.raises(NodeError, match=r"^Middle failed: a rule\. Received: 3\. Do this\.$"):
        run("one")


def test_an_interruption_closes_the_execution(toy, run, monkeypatch):
    from pipeline.runners import node

    launch = node.launcher.Launcher.launch

    def interrupted(self):
        if self._pipeline_node.node_info.id == "Middle":
            self._executor_operator.run_executor = _raise_interrupt
        return launch(self)

    def _raise_interrupt(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(node.launcher.Launcher, "launch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run("one")
    nodes = {n.node_id: n for n in Lineage.open(toy.root, "toy").last_run().nodes}
    assert nodes["Middle"].state is NodeState.INTERRUPTED
    assert [state for _, _, state in run("two")] == ["cached", "done", "done"]


def test_what_a_killed_process_left_open_is_closed(toy, run):
    from ml_metadata import metadata_store
    from ml_metadata.proto import metadata_store_pb2 as mlmd

    run("one")
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(toy.root / "metadata.sqlite")
    store = metadata_store.MetadataStore(config)
    [middle] = store.get_executions_by_id([2])
    middle.last_known_state = mlmd.Execution.RUNNING
    store.put_executions([middle])

    assert [state for _, _, state in run("two")] == ["cached", "done", "done"]
    [middle] = store.get_executions_by_id([2])
    assert middle.last_known_state == mlmd.Execution.CANCELED
    assert list(toy.outputs("Middle")) == [5]  # the abandoned outputs are gone


def test_an_interruption_that_a_library_swallowed_ends_the_run(toy, toy_module):
    from pipeline.runners import local
    from pipeline.runners.interruption import Interruption

    interruption = Interruption()
    interruption.requested = True
    watcher = Watcher()
    with pytest.raises(KeyboardInterrupt):
        local.run(toy_module.create_pipeline(toy.settings), "one", watcher, interruption)
    assert len(watcher.told) == 1
