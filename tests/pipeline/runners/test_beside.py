"""Nodes beside others: at the same time, and no result of a run that is over."""

import contextlib
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.lineage import Lineage, NodeState

pytestmark = pytest.mark.slow


class Silent:
    """Watches, and says nothing."""

    def __init__(self):
        self.states = {}
        self.on = {}  # node -> what to do when it is watched

    @contextlib.contextmanager
    def __call__(self, node_id, number, total):
        self.node_id = node_id
        self.on.get(node_id, bool)()
        yield self

    def finish(self, state):
        self.states[self.node_id] = state

    def say(self, line):
        raise AssertionError(line)


class Forked:
    """Runs the forked pipeline by orders."""

    def __init__(self, root, module):
        self.root, self._module = root, module
        self.orders, self.watch = root / "orders", Silent()

    def run(self, run_id, *orders, beside=("Late",)):
        """Node -> how it ended, in the order in which they were told of."""
        from pipeline.runners import local
        from pipeline.runners.interruption import Interruption

        self.orders.mkdir(exist_ok=True)
        for file in self.orders.iterdir():
            file.unlink()
        for order in orders:
            (self.orders / order).touch()
        self.watch.states.clear()
        pipeline = self._module.create_pipeline(self.root)
        with Interruption() as interruption:
            local.run(pipeline, run_id, self.watch, interruption, beside)
        return self.watch.states

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
    # The console shows that it was ended, and the error says by whom.
    assert forked.watch.states == {"Begin": NodeState.DONE, "Quick": NodeState.INTERRUPTED}


@pytest.fixture
def over(forked, monkeypatch):
    """Tells nodes that stay when the run is over, in place of ending their processes."""
    from pipeline.runners import beside

    monkeypatch.setattr(beside, "end_children", (forked.orders / "over").touch)


def test_an_interruption_ends_both(forked, over, monkeypatch):
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
            forked.run("one", "meet", "late stays")
    assert forked.recorded == {
        "Begin": NodeState.DONE,
        "Quick": NodeState.INTERRUPTED,
        "Late": NodeState.INTERRUPTED,
    }
    assert forked.made("Quick") == forked.made("Late") == []
    assert [*forked.run("two").values()] == [NodeState.CACHED, *[NodeState.DONE] * 3]


def test_a_ctrl_c_while_it_is_waited_for_ends_it(forked, over):
    forked.watch.on["Late"] = threading.Timer(
        0.3, lambda: os.kill(os.getpid(), signal.SIGINT)
    ).start
    with pytest.raises(KeyboardInterrupt):
        forked.run("one", "meet", "late stays")
    assert forked.recorded == {
        "Begin": NodeState.DONE,
        "Quick": NodeState.DONE,
        "Late": NodeState.INTERRUPTED,
    }
    assert forked.made("Late") == []


def ended_by(monkeypatch, error, seconds):
    """How Quick ends where Late, beside it, ends the run, and says why some time later."""
    from pipeline.runners import beside

    class Slow(beside.Beside):
        def _launch(self, node_id):
            try:
                return super()._launch(node_id)
            finally:
                time.sleep(seconds if node_id == "Late" else 0.0)

    def launch(compiled, node_id, operators):
        if node_id == "Late":
            raise error
        nodes.start("Late")  # which has to wait for its turn
        return nodes._given_up(nodes._over.wait)

    monkeypatch.setattr(beside, "launch_node", launch)
    with Slow(None) as nodes:
        nodes.launch("Quick")


def test_a_failure_is_told_though_its_thread_is_slow(monkeypatch):
    from pipeline.runners.node import NodeError

    with pytest.raises(NodeError, match="Late failed: ValueError: gave way"):
        ended_by(monkeypatch, NodeError("Late", ValueError("gave way")), seconds=0.5)


def test_an_end_without_a_failure_is_told_as_one(monkeypatch):
    from pipeline.runners.node import NodeError

    with pytest.raises(NodeError, match="Late failed: SystemExit: 7") as caught:
        ended_by(monkeypatch, SystemExit(7), seconds=0.0)
    assert isinstance(caught.value.__cause__, SystemExit)


def test_an_end_that_nobody_explains_is_told_all_the_same(monkeypatch):
    from pipeline.runners import beside
    from pipeline.runners.node import NodeError

    monkeypatch.setattr(beside, "_GRACE_SECONDS", 0.1)
    with pytest.raises(NodeError, match="Quick failed: another node ended the run") as caught:
        ended_by(monkeypatch, SystemExit(7), seconds=1.0)
    assert isinstance(caught.value.__cause__, beside.AbandonedError)


class InterruptedTurn:
    """A turn; an interruption comes just before it is had again, or just after."""

    def __init__(self, turn, when):
        self._turn, self._when = turn, when
        self.armed = False

    def acquire(self):
        came, self.armed = self.armed, False
        if came and self._when == "before":
            raise KeyboardInterrupt
        self._turn.acquire()
        if came:
            raise KeyboardInterrupt

    def release(self):
        self._turn.release()

    def __enter__(self):
        self._turn.acquire()

    def __exit__(self, *ended):
        self._turn.release()

    def is_free(self):
        def free():
            if taken := self._turn.acquire(blocking=False):
                self._turn.release()
            return taken

        with ThreadPoolExecutor(1) as another:
            return another.submit(free).result()


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_interruption_while_the_turn_is_taken_leaves_it_to_the_others(monkeypatch, when):
    from pipeline.runners import beside

    def launch(compiled, node_id, operators):
        def run():
            assert turn.is_free()
            turn.armed = True

        try:
            nodes._given_up(run)
        except KeyboardInterrupt:
            assert not turn.is_free()  # the metadata are this node's, until it is closed
            raise

    monkeypatch.setattr(beside, "launch_node", launch)
    nodes = beside.Beside(None)
    turn = nodes._turn = InterruptedTurn(nodes._turn, when)
    with pytest.raises(KeyboardInterrupt), nodes:
        nodes.launch("Quick")
    assert turn.is_free()


def test_a_node_waits_only_for_those_before_it():
    from pipeline.runners.local import _late

    before = {"a": set(), "late": {"a"}, "b": {"a"}, "c": {"b"}, "d": {"late", "c"}, "e": {"d"}}
    assert _late(before, ["late"]) == ["a", "b", "c", "late", "d", "e"]
    assert _late(before, []) == list(before)
    assert _late({"a": set(), "late": {"a"}, "b": {"a"}}, ["late"]) == ["a", "b", "late"]
