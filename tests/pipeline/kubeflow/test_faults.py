"""Nodes that are killed, pods that are retried, runs that meet: nothing is lost or double."""

import json
import os
import signal
import subprocess
import sys

import pytest

from pipeline.kubeflow.outcome import outcome_in
from pipeline.kubeflow.specification import read_containers
from tests.pipeline.kubeflow.conftest import gone

pytestmark = pytest.mark.slow

EACH_ONCE = {"Source": 1, "Left": 1, "Right": 1, "Join": 1}


def halves(diamond, node):
    """Marks that attempts left in the outputs of a node."""
    return [path.name for path in (diamond.root / "artifacts" / node / "made").glob("*/half-*")]


def test_a_run_goes_on_after_a_node_was_killed(diamond):
    diamond.settle(containers={"retries": 0})
    diamond.compile()
    diamond.order(Left="wait")
    process = diamond.start()
    node, child = diamond.wait_until_it_waits("Left", process)
    os.kill(node, signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 1, err
    assert "Left failed: it was killed by SIGKILL" in out
    assert gone(child)
    assert "Left" not in diamond.artifacts()

    diamond.order(Left="go")
    again = diamond.run("--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["nodes"] == {
        "Begin": "done",
        "Source": "cached",
        "Right": "cached",
        "Left": "done",
        "Join": "done",
    }
    assert diamond.artifacts() == EACH_ONCE


@pytest.mark.parametrize("order", ["kill once", "fail once"])
def test_a_pod_that_is_retried_puts_out_its_outputs_once(diamond, order):
    diamond.settle(containers={"retries": 1})
    diamond.compile()
    diamond.order(Left=order)
    done = diamond.run("--json")
    assert done.returncode == 0, done.stderr
    assert diamond.artifacts() == EACH_ONCE
    assert list(diamond.outputs("Left").values()) == ["17-all-l"]
    assert len(halves(diamond, "Left")) == 1  # of the attempt that ended well

    repeated = repeat(diamond, "Left", json.loads(done.stdout)["run_id"])
    assert repeated == {"state": "done"}
    assert diamond.artifacts() == EACH_ONCE
    assert len(halves(diamond, "Left")) == 1


def test_a_training_that_would_diverge_again_is_not_tried_again(diamond):
    diamond.settle(containers={"retries": 2})
    diamond.compile()
    diamond.order(Left="diverge")
    done = diamond.run("--json")
    assert done.returncode == 1, done.stderr
    assert "Left must stay finite" in json.loads(done.stdout)["error"]
    assert (diamond.orders / "Left.diverged").read_text() == "once\n"


def repeat(diamond, node, run_id):
    """Starts the container of a node once more in a run, as for a pod whose end nobody saw."""
    containers = read_containers(diamond.compiled, run_id, {})
    [container] = [one for one in containers if one.name == node]
    command = [word.replace("/sluice/", f"{diamond.volume}/") for word in container.command]
    done = subprocess.run(
        [sys.executable, *command[1:]],
        capture_output=True,
        text=True,
        env=diamond.environment(),
        check=False,
    )
    return outcome_in(done.stdout)


def test_two_runs_at_once_on_one_root_do_not_mix(diamond):
    diamond.settle(containers={"retries": 0})
    diamond.compile()
    diamond.order(Left="meet", Right="meet")
    runs = {last: diamond.start("--json", "--parameter", f"last={last}") for last in (3, 5)}
    ends = {last: process.communicate(timeout=240) for last, process in runs.items()}
    assert [process.returncode for process in runs.values()] == [0, 0], ends
    for out, _ in ends.values():
        assert set(json.loads(out)["nodes"].values()) == {"done"}
    assert sorted(diamond.outputs("Join").values()) == ["17-3-l17-3-r", "17-5-l17-5-r"], ends
    assert diamond.artifacts() == dict.fromkeys(EACH_ONCE, 2)
