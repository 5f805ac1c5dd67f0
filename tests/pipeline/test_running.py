"""What is open around the nodes of a run: from before TFX is loaded until the last node is done."""

import contextlib

import pytest

from pipeline import running
from pipeline.commands.shared import Exit
from pipeline.runners import local, stack
from pipeline.running import Task


class QuietConsole:
    """Shows nothing."""

    def line(self, *_):
        pass

    @contextlib.contextmanager
    def step(self, title):
        yield


class Calm:
    """No Ctrl-C."""

    requested = False


@pytest.fixture
def seen(monkeypatch):
    order = []
    monkeypatch.setattr(stack, "load_tfx", lambda: order.append("TFX"))
    monkeypatch.setattr(local, "run", lambda *_: order.append("nodes") or [])
    monkeypatch.setattr(running, "_print_failure", lambda console, error: None)
    return order


def run(seen):
    @contextlib.contextmanager
    def around(settings, run_id):
        seen.append(f"open for {run_id}")
        try:
            yield
        finally:
            seen.append("closed")

    def tell(settings, run_id, console):
        seen.append("told")
        return Exit.OK, {}

    task = Task(lambda settings: None, tell, around=around)
    code, _ = running._run_nodes(None, task, "run-1", QuietConsole(), Calm())
    return code


def test_it_is_open_around_the_nodes(seen):
    assert run(seen) == Exit.OK
    assert seen == ["TFX", "open for run-1", "nodes", "closed", "told"]


def test_it_is_closed_where_a_node_fails(seen, monkeypatch):
    def fail(*_):
        raise RuntimeError("planted")

    monkeypatch.setattr(local, "run", fail)
    assert run(seen) == Exit.FAILURE
    assert seen == ["TFX", "open for run-1", "closed"]
