"""Kubernetes' API misbehaves on the wire: the training goes on, or says what is wrong."""

import json
import threading

import pytest

from pipeline.errors import RunError
from pipeline.kubeflow.local_cluster.cluster import kubeconfig
from pipeline.kubeflow.training import client
from pipeline.kubeflow.training.client import Api, connected
from tests.pipeline.kubeflow.training.conftest import until
from tests.pipeline.kubeflow.training.proxy import (
    Fault,
    cut,
    lose_answer,
    lose_request,
    refuse,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("method", "resource", "act"),
    [
        ("POST", "jobs", refuse(429, Retry_After="1")),
        ("POST", "jobs", refuse(500)),
        ("POST", "jobs", lose_request),
        ("POST", "jobs", lose_answer),
        ("POST", "services", lose_answer),
        ("GET", "jobs", refuse(503)),
        ("GET", "jobs", cut),
        ("GET", "pods", lose_request),
        ("DELETE", "jobs", lose_answer),
        ("WATCH", "jobs", cut),
        ("WATCH", "jobs", lose_request),
        ("WATCH", "jobs", refuse(410)),
    ],
)
def test_the_training_goes_on_and_is_never_doubled(training, method, resource, act):
    fault = Fault(method, resource, act)
    training.proxy.faults.append(fault)
    training.train(retries=0)
    assert fault.times == 0
    assert sorted(line.split()[0] for line in training.lines("began")) == ["0", "1"]
    assert len(training.lines("exports")) == 1
    until(lambda: training.objects() == [])


def test_a_server_that_is_away_for_a_while_is_waited_for(training):
    def away():
        training.proxy.down()
        threading.Timer(1.0, training.proxy.up).start()

    training.proxy.faults.append(Fault("GET", "jobs", lose_request, before=_later(away)))
    training.train(retries=0)
    assert len(training.lines("exports")) == 1


def test_a_server_that_stays_away_is_told(training):
    training.api = Api(connected(), "here", patience=1.0)
    training.proxy.down()
    try:
        with pytest.raises(RunError, match=r"API must answer\. Received: NewConnectionError.* 1 s"):
            training.train()
    finally:
        training.proxy.up()


@pytest.mark.parametrize("status", [400, 401, 422])
def test_a_refusal_is_not_tried_again(training, status):
    fault = Fault("POST", "jobs", refuse(status), times=5)
    training.proxy.faults.append(fault)
    with pytest.raises(RunError, match=f"{status} to POST apis/batch/v1/namespaces/here/jobs: no"):
        training.train()
    assert fault.times == 4
    assert ("services", "ranker-shop-1") not in training.objects()


def test_a_wrong_token_is_refused(training, monkeypatch):
    config = training.folder / "guessed"
    config.write_text(json.dumps(kubeconfig(training.proxy.url, "guessed")))
    monkeypatch.setenv("KUBECONFIG", str(config))
    training.api = Api(connected(), "here")
    with pytest.raises(RunError, match=r"Received: 401 .* service account exists"):
        training.train()


def test_the_role_holds_what_is_needed_and_no_more(training, role):
    training.order(w1="fail once")
    training.proxy.faults.append(Fault("POST", "services", lose_answer))
    training.train(retries=1)
    held = {
        (group, resource, verb)
        for rule in role
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert training.proxy.used == held


def test_without_the_role_the_error_says_how_to_get_it(training):
    training.proxy.rules = []
    with pytest.raises(RunError, match=r"Received: 403 to DELETE .* `sluice compile --permissions"):
        training.train()


def test_outside_of_a_pod_there_is_no_api(monkeypatch):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(RunError, match="runs in a pod itself"):
        client.connected()


def _later(act):
    """After the answer at hand: the server closes no connection that it is still answering."""
    return lambda: threading.Timer(0.05, act).start()
