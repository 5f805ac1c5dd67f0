"""A trial on pages by the wire: every way in which it ends, and what follows."""

import json

import pytest
from typer.testing import CliRunner

from components.pusher import labels
from components.pusher.labels import Label, Rollout
from components.pusher.promotion import promote
from components.pusher.publish import publish
from pipeline.cli import app
from pipeline.serving_folder import serving_folder
from tests.pages import serve_pages


class Server:
    """A page on which two versions count a number of requests at each look."""

    def __init__(self):
        self.looks = 0
        self.bad = {1: 0.0, 2: 0.0}  # version -> share that fails
        self.at_look = {}  # look -> what happens then
        self.http = serve_pages(self.answer)
        self.address = f"http://127.0.0.1:{self.http.server_port}/metrics"

    def answer(self, path):
        self.looks += 1
        self.at_look.get(self.looks, lambda: None)()
        return 200, self.page()

    def page(self):
        lines = []
        for version, bad in self.bad.items():
            names = f'model_name="recommender",version="{version}"'
            count = 250 * self.looks
            for status, share in (("OK", 1 - bad), ("INTERNAL", bad)):
                sample = f':sluice:serving:version_requests{{{names},status="{status}"}}'
                lines.append(f"{sample} {count * share}")
            lines.append(f":sluice:serving:version_latency_count{{{names}}} {count * (1 - bad)}")
            bucket = f':sluice:serving:version_latency_bucket{{{names},le="37481.3"}}'
            lines.append(f"{bucket} {count * (1 - bad)}")
        return "\n".join(lines) + "\n"


@pytest.fixture
def server():
    started = Server()
    yield started
    started.http.shutdown()
    started.http.server_close()


@pytest.fixture
def folder(shop):
    """The folder of versions 1, which is stable, and 2, which is canary."""
    with shop.config.open("a") as config:
        config.write("serving: {rollout: canary, canary: {seconds: 0.5}}\n")
    model = shop.folder / "model"
    model.mkdir()
    path = serving_folder(shop.settings)
    for number in (1, 2):
        (model / "saved_model.pb").write_bytes(b"%d" % number)
        publish(model, path, extra_files={}, now=number, keep=3, rollout=Rollout.CANARY)
    assert labels.read(path) == {"canary": 2, "stable": 1}
    return path


def canary(shop, server, *options):
    arguments = ["canary", "--config", str(shop.config), "--metrics", server.address, "--json"]
    result = CliRunner().invoke(app, [*arguments, "--every", "0.05", *options])
    return result.exit_code, json.loads(result.stdout) if result.stdout else result.stderr


def test_a_failing_version_is_withdrawn(shop, server, folder):
    server.bad[2] = 0.5
    code, told = canary(shop, server)
    assert (code, told["ending"], told["done"], told["version"]) == (3, "worse", "withdrawn", 2)
    assert told["reason"].startswith("50.0% of its requests failed, against 0.0% of stable's")
    assert labels.read(folder) == {"canary": 1, "stable": 1}
    assert (folder / "2").is_dir()


def test_a_good_version_passes_and_stays_on_trial_or_is_promoted(shop, server, folder):
    code, told = canary(shop, server)
    assert (code, told["ending"], told["done"]) == (0, "passed", "kept")
    assert labels.read(folder) == {"canary": 2, "stable": 1}
    code, told = canary(shop, server, "--promote")
    assert (code, told["done"]) == (0, "promoted")
    assert labels.read(folder) == {"canary": 2, "stable": 2}


def test_failures_of_both_are_not_the_canarys(shop, server, folder):
    server.bad = {1: 0.5, 2: 0.5}
    assert canary(shop, server)[1]["ending"] == "passed"


def test_one_without_requests_is_left_undecided(shop, server, folder):
    del server.bad[2]
    code, told = canary(shop, server, "--promote")
    assert (code, told["ending"], told["done"]) == (1, "undecided", "nothing")
    assert told["reason"].startswith("0 and ")
    assert labels.read(folder) == {"canary": 2, "stable": 1}


def test_labels_that_move_end_the_trial(shop, server, folder):
    server.at_look[4] = lambda: promote(folder)
    shop.config.write_text(shop.config.read_text().replace("seconds: 0.5", "seconds: 60"))
    code, told = canary(shop, server)
    assert (code, told["ending"], told["done"]) == (1, "moved", "nothing")
    assert labels.read(folder) == {"canary": 2, "stable": 2}


def test_one_that_cannot_be_watched_is_withdrawn(shop, server, folder, monkeypatch):
    monkeypatch.setattr("pipeline.canary.watching.BLIND_SECONDS", 0.2)
    server.at_look[4] = server.http.server_close
    shop.config.write_text(shop.config.read_text().replace("seconds: 0.5", "seconds: 60"))
    code, told = canary(shop, server)
    assert (code, told["ending"], told["done"]) == (3, "worse", "withdrawn")
    assert "its metrics cannot be read" in told["reason"]


def test_without_a_page_or_a_trial_nothing_begins(shop, server, folder):
    server.http.shutdown()
    server.http.server_close()
    assert canary(shop, server)[0] == 1
    labels.move(folder, Label.STABLE, 2)
    code, told = canary(shop, server)
    assert code == 1
    said = "while it is `canary` and another one is `stable`. Received: {'canary': 2"
    assert said in told["error"]


def test_what_servers_read_follows_at_once(shop, server, folder, tmp_path):
    out = tmp_path / "deployment"
    render = ["serving-config", "--config", str(shop.config), "--out", str(out)]
    assert CliRunner().invoke(app, render).exit_code == 0
    assert 'key: "canary"\n      value: 2' in (out / "models.config").read_text()
    server.bad[2] = 1.0
    assert canary(shop, server, "--rendered", str(out))[0] == 3
    text = (out / "models.config").read_text()
    assert 'key: "canary"\n      value: 1' in text
    assert "versions: 2" in text  # it goes when nobody asks for it any more
