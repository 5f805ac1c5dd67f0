"""A training in pods: how it goes well, fails, hangs, starts again, and leaves nothing behind."""

import json
import signal
import threading

import psutil
import pytest

from pipeline.errors import RunError
from pipeline.kubeflow.training import launcher
from tests.pipeline.kubeflow.training.conftest import until
from trainer.distribution import TrainingFailedError, run_workers

pytestmark = pytest.mark.slow


def test_the_pods_train_together_and_nothing_stays(training, capfd):
    training.train()
    assert len(training.lines("exports")) == 1
    until(lambda: training.objects() == [])
    assert "worker 0 is done" in capfd.readouterr().err  # the chief's log is in the node's


def test_trainings_are_local_again_afterwards(training, monkeypatch):
    training.train()
    seen = []
    monkeypatch.setattr(
        "trainer.distribution.LocalWorkers.run", lambda self, *_: seen.append(self.count)
    )
    run_workers(training.job, workers=3)
    assert seen == [3]


def test_a_failed_pod_ends_its_peers_and_all_start_again(training):
    training.order(w0="hang once", w1="fail once")
    training.train(retries=1)
    assert training.began("1") == 2
    assert len(training.lines("exports")) == 1
    assert training.running() == []


def test_a_pod_that_keeps_failing_is_told_with_its_log(training, capfd):
    training.order(w1="fail")
    with pytest.raises(TrainingFailedError, match=r"worker 1 failed with exit code 7 \(Error\)"):
        training.train(retries=1)
    assert training.began("1") == 2
    assert training.lines("exports") == []
    assert capfd.readouterr().err.count("ValueError: no more rows") == 2
    until(lambda: training.objects() == [] and training.running() == [])


def test_a_killed_pod_counts_as_failed(training):
    training.order(w0="hang")
    thread = threading.Thread(target=_kill_when_it_hangs, args=(training, "0"))
    thread.start()
    with pytest.raises(TrainingFailedError, match="worker 0 failed with exit code 137"):
        training.train(retries=0)
    thread.join()


def test_a_hung_pod_is_an_error_in_bounded_time(training):
    training.order(w1="hang")
    with pytest.raises(TrainingFailedError, match=r"longer than 0\.02 min with worker 0 is run"):
        training.train(retries=1, timeout_minutes=0.02)
    until(lambda: training.running() == [])
    assert training.proxy.asked.count(("POST", "jobs")) == 2


def test_an_attempt_whose_job_was_taken_over_stops_and_leaves_it_alone(training):
    training.order(w1="hang")
    errors = []

    def attempt():
        try:
            training.train(retries=1)
        except RunError as error:
            errors.append(str(error))

    thread = threading.Thread(target=attempt)
    thread.start()
    until(lambda: len(training.running()) == 2)
    training.order()
    training.train()
    thread.join(30)
    assert "which somebody else deleted" in errors[0]
    assert len(training.lines("exports")) == 1


def test_a_model_that_does_not_show_up_is_an_error(training, monkeypatch):
    monkeypatch.setattr(launcher, "_EXPORT_SECONDS", 0.1)
    training.order(w0="forget")
    with pytest.raises(RunError, match=r"ended well, and no .*/model/saved_model\.pb"):
        training.train()


def test_a_pod_has_what_its_manifest_gives_and_no_more(training, monkeypatch):
    monkeypatch.setenv("OURS", "not theirs")
    training.train(environment={"TF_CPP_MIN_LOG_LEVEL": "2"}, cpu="1500m")
    given = json.loads((training.run_dir / "variables-1.json").read_text())
    assert given["JOB_COMPLETION_INDEX"] == "1"
    assert given["SLUICE_WORKER_THREADS"] == "2"
    assert given["TF_CPP_MIN_LOG_LEVEL"] == "2"
    assert "OURS" not in given
    assert "KUBECONFIG" not in given


def _kill_when_it_hangs(training, index):
    def pids():
        lines = [line.split() for line in training.lines("began")]
        return [int(pid) for which, pid in lines if which == index]

    until(pids)
    psutil.Process(pids()[0]).kill()


def test_a_node_that_is_told_to_end_takes_its_pods_with_it(training):
    node = training.start_node("w0", "w1")
    node.send_signal(signal.SIGTERM)
    assert node.wait(30) == 130
    until(lambda: training.objects() == [] and training.running() == [])


def test_a_node_that_is_killed_is_followed_by_one_that_replaces_its_pods(training):
    training.start_node("w0", "w1").kill()
    left = training.running()
    assert len(left) == 2
    training.pods().remove()  # before the folder that they write to is cleared
    assert training.running() == []
    training.order()
    training.train()
    assert len(training.lines("exports")) == 1
    assert len(training.lines("began")) == 4
