"""`sluice run --from-ir`: what was compiled, executed. On the diamond."""

import json
import signal

import pytest

from tests.pipeline.kubeflow.conftest import gone

pytestmark = pytest.mark.slow


def states(done):
    return json.loads(done.stdout)["nodes"]


def test_every_container_runs_with_what_was_compiled_and_no_more(diamond):
    diamond.settle(containers={"environment": {"DATA": "/sluice/data"}, "retries": 0})
    diamond.compile()
    diamond.order(Left="meet", Right="meet")  # each waits until the other runs
    done = diamond.run("--parallel", "2", OURS="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[1/5] Begin ... done (" in done.stdout
    assert "[5/5] Join ... done (" in done.stdout
    assert "It says 17-all-l17-all-r." in done.stdout
    left, right = diamond.facts("Left"), diamond.facts("Right")
    assert left["variables"]["DATA"] == f"{diamond.volume}/data"
    assert "OURS" not in left["variables"]
    assert left["arguments"] == []
    assert left["tensorflow"] is False  # nobody used it
    assert left["folder"] != right["folder"]
    assert diamond.artifacts() == {"Source": 1, "Left": 1, "Right": 1, "Join": 1}

    again = diamond.run("--json")
    assert states(again) == {"Begin": "done"} | dict.fromkeys(
        ["Source", "Left", "Right", "Join"], "cached"
    )
    window = diamond.run("--json", "--parameter", "last=3")
    assert json.loads(window.stdout)["verdict"]["summary"] == "It says 17-3-l17-3-r."


def test_a_failed_node_is_told_in_a_line(diamond):
    diamond.settle(containers={"retries": 0})
    diamond.compile()
    diamond.order(Left="fail")
    done = diamond.run()
    assert done.returncode == 1
    assert "Left failed: ValueError: Left gave way" in done.stdout
    assert "Join" not in done.stdout
    [logs] = (diamond.root / "logs").iterdir()
    assert "Traceback" in (logs / "Left.log").read_text()
    assert "Traceback" not in done.stdout + done.stderr
    assert set(diamond.outputs("Left")) == set()


def test_wrong_usage_is_told(diamond):
    for arguments, said in (
        (["run"], "say --config FILE or --from-ir FILE"),
        (["run", "--config", "a", "--from-ir", "b"], "takes the place of --config"),
        (["run", "--config", "a", "--parallel", "2"], "go with --from-ir"),
        (["run", "--from-ir", "nowhere.yaml"], "nowhere.yaml, which does not exist"),
    ):
        done = diamond.sluice(*arguments)
        assert done.returncode in (1, 2)
        assert said in " ".join(done.stderr.replace("│", " ").split())


def test_ctrl_c_ends_everything_and_the_next_run_goes_on(diamond):
    diamond.compile()
    diamond.order(Left="wait")
    process = diamond.start()
    pids = diamond.wait_until_it_waits("Left", process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Left ... interrupted (" in out
    assert all(map(gone, pids))
    diamond.order(Left="go")
    again = diamond.run("--json")
    assert states(again)["Source"] == "cached"
    assert states(again)["Left"] == "done"
    assert diamond.artifacts() == {"Source": 1, "Left": 1, "Right": 1, "Join": 1}


def test_a_run_for_itself_and_compiled_runs_do_not_share_a_root(diamond):
    from pipeline.errors import RunError
    from pipeline.runners.lock import locked, shared

    def refused(lock):
        with pytest.raises(RunError, match="only one run at a time"), lock(diamond.root):
            pass

    with shared(diamond.root), shared(diamond.root):
        refused(locked)
    with locked(diamond.root):
        refused(shared)
