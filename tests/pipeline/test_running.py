"""What is open around the nodes of a run, and which root folder is refused."""

import contextlib
import shutil

import pytest

from pipeline import running
from pipeline.commands.shared import Exit
from pipeline.errors import RunError
from pipeline.kubeflow.settings import KubeflowSettings
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


@pytest.mark.parametrize("there", ["artifacts/EventExampleGen/examples/1", "kubeflow/one"])
def test_what_runs_elsewhere_have_made_is_not_taken_for_leftovers(shop, monkeypatch, there):
    grpc = {"host": "metadata.shop", "port": 8080}
    section = {"image": "a", "volumes": [{"claim": "a", "path": "/a"}], "metadata": {"grpc": grpc}}
    settings = shop.settings.model_copy(
        update={"kubeflow": KubeflowSettings.model_validate(section)}
    )
    monkeypatch.setattr(running, "_run_nodes", lambda *_: (Exit.OK, {}))
    task = Task(lambda settings: None, lambda *_: (Exit.OK, {}))
    made = settings.root / there
    made.mkdir(parents=True)
    assert running.run_here(settings, shop.config, True, task) == Exit.OK
    (settings.root / "metadata.sqlite").unlink()
    with pytest.raises(RunError, match=f"{there.split('/')[0]} whose metadata lie at metadata.sho"):
        running.run_here(settings, shop.config, True, task)
    local = settings.model_copy(update={"kubeflow": None})
    with pytest.raises(RunError, match=r"and no metadata.*or name another `root`"):
        running.run_here(local, shop.config, True, task)
    assert made.exists()
    shutil.rmtree(settings.root)
    assert running.run_here(settings, shop.config, True, task) == Exit.OK
