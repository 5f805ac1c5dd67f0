"""`sluice demo`: three users, readable, and nothing left running."""

import sys

from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.commands.demo import NEWCOMER


def demo(shop):
    return CliRunner().invoke(app, ["demo", "--config", str(shop.config)])


def test_two_known_users_and_a_newcomer_are_shown(trained, client, server, capfd):
    assert demo(trained).exit_code == 0
    text = capfd.readouterr().out
    [(_, queries, k)] = client
    assert [query.user_id for query in queries] == ["u1", "u2", NEWCOMER]
    assert k == 10
    assert "Gamma" in text
    assert f"User {NEWCOMER} (unknown to the log: a cold start)" in text
    assert "version 3" in text
    assert f"Report: {trained.root / 'report' / 'report.html'}" in text
    assert [what for what, _ in server] == ["started", "stopped"]


def test_a_version_on_trial_is_not_shown(trained, client, server, capfd):
    trained.version(4)
    labels = trained.root / "serving" / "recommender" / "labels.json"
    labels.write_text('{"canary": 4, "stable": 3}')
    assert demo(trained).exit_code == 0
    assert server == [("started", ["3"]), ("stopped", ["3"])]
    assert "by version 3" in capfd.readouterr().out


def test_the_server_is_stopped_when_the_call_fails(trained, client, server, monkeypatch):
    def fail(*_):
        raise OSError("cut off")

    monkeypatch.setattr(sys.modules["serving.client"].RecommenderClient, "recommend", fail)
    result = demo(trained)
    assert result.exit_code == 1
    assert "cut off" in result.stderr
    assert [what for what, _ in server] == ["started", "stopped"]


def test_before_the_first_push_it_says_so(shop):
    done = demo(shop)
    assert done.exit_code == 1
    assert "a model must have been pushed" in done.stderr
