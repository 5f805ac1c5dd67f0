"""`sluice rollback` and `sluice promote`: what they say, and a real server that follows."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from typer.testing import CliRunner

from components.pusher.labels import Rollout
from components.pusher.publish import publish
from components.pusher.rollback import roll_back
from pipeline.cli import app
from pipeline.serving_folder import serving_folder
from serving.client import RecommenderClient
from serving.embedded import embedded_server
from serving.query import Query
from tests.waiting import wait_until


def sluice(verb, shop, *arguments):
    return CliRunner().invoke(app, [verb, "--config", str(shop.config), *arguments])


def push(shop, model, now, rollout=Rollout.NEWEST):
    folder = serving_folder(shop.settings)
    return publish(model, folder, extra_files={}, now=now, keep=3, rollout=rollout).version


@pytest.fixture
def models(shop):
    """Two folders that pass for models."""
    folders = [shop.folder / name for name in ("good", "bad")]
    for folder in folders:
        folder.mkdir()
        (folder / "saved_model.pb").write_text(folder.name)
    return folders


@pytest.fixture
def served(shop, models):
    """The bad model is served, the good one before it."""
    for version, model in enumerate(models, start=3):
        push(shop, model, version)
    return shop


def told(result):
    assert result.exit_code == 0, result.output
    lines = (line.strip().split("  ", 1) for line in result.stdout.splitlines() if line[:2] == "  ")
    return {name: value.strip() for name, value in lines}


def test_it_says_what_was_served_before_and_what_is_now(served):
    said = told(sluice("rollback", served))
    assert said["served before"] == "4"
    new, _, rest = said["served now"].partition(",")
    assert rest == " byte for byte version 3"
    assert said["labels"] == f"canary and stable are {new}"
    copy = serving_folder(served.settings) / new
    assert (copy / "saved_model.pb").read_text() == "good"


def test_json_has_the_same(served):
    said = json.loads(sluice("rollback", served, "--to", "3", "--json").stdout)
    assert (said["served_before"], said["copy_of"]) == (4, 3)
    assert said["served_version"] > 4
    assert said["path"] == str(serving_folder(served.settings) / str(said["served_version"]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "4"], "version 4, which is served"),
        (["--to", "9"], "version 9, which is not there"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(served, arguments, words):
    result = sluice("rollback", served, *arguments)
    assert result.exit_code == 1
    assert words in result.stderr
    assert json.loads(sluice("status", served, "--json").stdout)["served_version"] == 4


def test_a_damaged_version_is_never_gone_back_to(served):
    (serving_folder(served.settings) / "3" / "saved_model.pb").write_text("rotten")
    for arguments in ([], ["--to", "3"]):
        result = sluice("rollback", served, *arguments)
        assert result.exit_code == 1
        assert "manifest lists" in result.stderr or "intact version" in result.stderr


def test_before_the_first_push_both_say_so(shop):
    for verb in ("rollback", "promote"):
        result = sluice(verb, shop)
        assert result.exit_code == 1
        assert "Run the pipeline first" in result.stderr


def test_status_shows_labels_and_copies(served):
    served.judged("one", blessed=True, pushed=3)
    new = roll_back(serving_folder(served.settings), to=3, now=50).published.version
    status = json.loads(sluice("status", served, "--json").stdout)
    assert status["labels"] == {"canary": new, "stable": new}
    assert status["versions"][0] == {
        "version": 50,
        "labels": ["canary", "stable"],
        "copy_of": 3,
        "run_id": "one",
    }
    assert told(sluice("status", served))["versions kept"] == "50 (canary, stable, copy of 3), 4, 3"


def test_promote_moves_stable_to_canary(served, models):
    (models[0] / "saved_model.pb").write_text("better")
    push(served, models[0], 5, Rollout.CANARY)
    assert json.loads(sluice("status", served, "--json").stdout)["labels"] == {
        "canary": 5,
        "stable": 4,
    }
    assert json.loads(sluice("promote", served, "--json").stdout) == {"before": 4, "now": 5}
    assert told(sluice("promote", served)) == {"stable before": "5", "stable now": "5"}


@pytest.mark.slow
def test_a_real_server_follows_without_a_failed_call_and_without_going_backwards(shop):
    from tests.serving.conftest import build_model

    for number in (1, 2):
        build_model(shop.folder / f"model-{number}", number)
        push(shop, shop.folder / f"model-{number}", 100 + number)
    answers, done = [], threading.Event()

    def ask(address):
        with RecommenderClient(address) as client:
            while not done.is_set():
                [[first]] = client.recommend([Query("u", 1)], 1)
                answers.append(first.retrieval_score)  # the number of the model

    with (
        embedded_server(serving_folder(shop.settings), poll_seconds=0.1) as server,
        RecommenderClient(server.address) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        caller = threads.submit(ask, server.address)
        try:
            assert _available(client, above=0) == 102
            new = json.loads(sluice("rollback", shop, "--json").stdout)["served_version"]
            assert _available(client, above=102) == new
            time.sleep(0.2)
        finally:
            done.set()
        caller.result()  # raises if a call has failed
    first_old = answers.index(1.0)
    assert first_old > 0
    assert set(answers[:first_old]) == {2.0}
    assert set(answers[first_old:]) == {1.0}  # the earlier model, and never the bad one again


def _available(client, above):
    """The version that is served, once it is higher than the one given."""

    def found():
        available = [one.version for one in client.status() if one.state == "AVAILABLE"]
        return next((version for version in available if version > above), None)

    return wait_until(found)
