"""Nodes beside others: at the same time, and no result of a run that is over."""

import contextlib
from pathlib import Path

import pytest

from pipeline.lineage import Lineage, NodeState

pytestmark = pytest.mark.slow


class Silent:
    """Watches, and says nothing."""

    def __init__(self):
        self.states = {}

    @contextlib.contextmanager
    def __call__(self, node_id, number, total):
        self.node_id = node_id
        yield self

    def finish(self, state):
        self.states[self.node_id] = state

    def say(self, line):
        raise AssertionError(line)


class Forked:
    """Runs the forked pipeline by orders."""

    def __init__(self, root, module):
        self.root, self._module = root, module

    def run(self, run_id, *orders, beside=("Late",)):
        """Node -> how it ended, in the order in which they were told of."""
        from pipeline.runners import local
        from pipeline.runners.interruption import Interruption

        folder = self.root / "orders"
        folder.mkdir(exist_ok=True)
        for file in folder.iterdir():
            file.unlink()
        for order in orders:
            (folder / order).touch()
        watch = Silent()
        pipeline = self._module.create_pipeline(self.root)
        local.run(pipeline, run_id, watch, Interruption(), beside)
        return watch.states

    @property
    def recorded(self):
        """Node -> how it ended, by the metadata."""
        nodes = Lineage.open(self.root, "forked").last_run().nodes
        return {node.node_id: node.state for node in nodes}

    def made(self, node):
        """What a node has left."""
        return [p.read_text() for p in (self.root / "artifacts" / node / "made").glob("*/text")]


@pytest.fixture
def forked(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import forked_pipeline

    return Forked(tmp_path, forked_pipeline)


def test_they_run_at_the_same_time(forked):
    states = forked.run("one", "meet")
    assert list(states) == ["Begin", "Quick", "Late", "End"]
    assert set(states.values()) == {NodeState.DONE}
    assert forked.made("End") == ["quick late"]
    assert set(forked.run("two").values()) == {NodeState.CACHED}


def test_without_being_told_so_they_do_not(forked):
    from pipeline.runners.node import NodeError

    with pytest.raises(NodeError, match="Late failed: TimeoutError: no quick runs"):
        forked.run("one", "meet", beside=())


def test_what_comes_of_it_after_another_has_failed_is_not_published(forked):
    from pipeline.runners.node import NodeError

    with pytest.raises(NodeError, match="Quick failed: ValueError: quick gave way"):
        forked.run("one", "meet", "quick fails")
    assert forked.recorded == {
        "Begin": NodeState.DONE,
        "Quick": NodeState.FAILED,
        "Late": NodeState.INTERRUPTED,
    }
    assert forked.made("Late") == []
    assert [*forked.run("two").values()] == [NodeState.CACHED, *[NodeState.DONE] * 3]


def test_its_failure_ends_the_run(forked):
    from pipeline.runners.node import NodeError

    with pytest.raises(NodeError, match="Late failed: ValueError: late gave way") as caught:
        forked.run("one", "meet", "late fails")
    assert isinstance(caught.value.__cause__, ValueError)
    assert forked.recorded == {
        "Begin": NodeState.DONE,
        "Quick": NodeState.INTERRUPTED,
        "Late": NodeState.FAILED,
    }
    assert forked.made("Quick") == []


def test_an_interruption_ends_both(forked, monkeypatch):
    from pipeline.runners import beside

    def interrupted(kind, given_up, **given):
        operator = operator_of(kind, given_up, **given)
        run = operator.run_executor

        def after(info):
            output = run(info)
            if info.pipeline_node.node_info.id == "Quick":
                raise KeyboardInterrupt
            return output

        operator.run_executor = after
        return operator

    operator_of = beside._operator
    with monkeypatch.context() as patch:
        patch.setattr(beside, "_operator", interrupted)
        with pytest.raises(KeyboardInterrupt):
            forked.run("one", "meet")
    assert forked.recorded["Quick"] is NodeState.INTERRUPTED
    assert forked.made("Quick") == []
    assert set(forked.run("two").values()) <= {NodeState.CACHED, NodeState.DONE}


def test_a_node_waits_only_for_those_before_it():
    from pipeline.runners.local import _late

    before = {"a": set(), "late": {"a"}, "b": {"a"}, "c": {"b"}, "d": {"late", "c"}, "e": {"d"}}
    assert _late(before, ["late"]) == ["a", "b", "c", "late", "d", "e"]
    assert _late(before, []) == list(before)
    assert _late({"a": set(), "late": {"a"}, "b": {"a"}}, ["late"]) == ["a", "b", "late"]
