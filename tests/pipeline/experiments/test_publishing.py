"""`sluice experiment publish`: the file for the clients, which never moves a user."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from pipeline.cli import app
from serving.experiments.assignment import assign
from serving.experiments.plan_file import PlanFile

FIRST = {
    "name": "ranker",
    "users": [0.1, 0.2],
    "outcome": "buy",
    "arms": [{"name": "old"}, {"name": "new", "label": "canary"}],
}


@pytest.fixture
def publish(tmp_path):
    """Publishes experiments by the command; gives its result."""
    config = tmp_path / "shop.yaml"

    def run(*experiments, options=()):
        tree = {
            "name": "shop",
            "root": "runs",
            "data": {"events": {"path": "log.csv"}},
            "experiments": list(experiments),
        }
        config.write_text(yaml.safe_dump(tree))
        return CliRunner().invoke(app, ["experiment", "publish", "--config", str(config), *options])

    return run


def test_a_client_reads_what_is_published_and_follows_a_ramp_up(publish, tmp_path):
    told = json.loads(publish(FIRST, options=["--json"]).stdout)
    assert told["running"] == ["ranker"]
    followed = PlanFile(tmp_path / "runs" / "serving" / "experiments.json", every_s=0)
    users = [str(n) for n in range(2_000)]
    before = {user: assign(followed.current(), user).text for user in users}
    assert publish({**FIRST, "users": [0.1, 0.6]}).exit_code == 0
    after = {user: assign(followed.current(), user).text for user in users}
    assert sum(map(bool, before.values())) < sum(map(bool, after.values())) / 3
    assert all(after[user] == arm for user, arm in before.items() if arm)
    stopped = publish({**FIRST, "users": [0.1, 0.6], "stopped": True})
    assert "ranker      lists  stopped  old, new" in stopped.stdout
    assert {assign(followed.current(), user).text for user in users} == {""}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"arms": [{"name": "old", "share": 3}, FIRST["arms"][1]]}, "Received: another one of"),
        ({"arms": FIRST["arms"][::-1]}, "Received: another one of"),
        ({"users": [0.0, 0.2]}, "Received: another one of"),
        ({"layer": "page"}, "Received: another one of"),
        ({"interleaved": True}, "Received: another one of"),
        ({"users": [0.1, 0.15]}, "Received: [0.1, 0.15] after [0.1, 0.2]"),
    ],
)
def test_a_change_that_moves_users_is_refused_and_changes_nothing(publish, tmp_path, change, said):
    publish(FIRST)
    path = tmp_path / "runs" / "serving" / "experiments.json"
    before = path.read_text()
    refused = publish({**FIRST, **change})
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert path.read_text() == before
    other = {**FIRST, **change, "name": "ranker-2"}
    assert publish({**FIRST, "stopped": True}, other).exit_code == 0


def test_what_was_stopped_stays_so(publish):
    publish(FIRST)
    publish({**FIRST, "stopped": True})
    refused = publish(FIRST)
    assert "Received: 'ranker', which goes on" in refused.stderr
    assert publish({**FIRST, "stopped": True, "users": [0, 1]}).exit_code == 0


def test_one_that_runs_is_not_left_out(publish, tmp_path):
    publish(FIRST)
    path = tmp_path / "runs" / "serving" / "experiments.json"
    before = path.read_text()
    for without in ([], [{**FIRST, "name": "ranker-2"}]):
        refused = publish(*without)
        assert refused.exit_code == 1
        assert "an experiment that runs is stopped before it is left out" in refused.stderr
        assert "Received: settings without 'ranker'" in refused.stderr
        assert path.read_text() == before


def test_the_name_of_one_that_was_stopped_does_not_come_back(publish, tmp_path):
    publish(FIRST)
    publish({**FIRST, "stopped": True})
    other = {**FIRST, "name": "ranker-2"}
    for _ in range(2):  # it is remembered however often one publishes
        told = json.loads(publish(other, options=["--json"]).stdout)
        assert told["running"] == ["ranker-2"]
    for arms in (FIRST["arms"], FIRST["arms"][::-1]):
        refused = publish({**FIRST, "arms": arms, "users": [0.3, 0.4]}, other)
        assert refused.exit_code == 1
        assert "Received: 'ranker', which goes on" in refused.stderr
    followed = PlanFile(tmp_path / "runs" / "serving" / "experiments.json", every_s=0).current()
    assert [(one.name, one.stopped) for one in followed.experiments] == [
        ("ranker-2", False),
        ("ranker", True),
    ]


def test_a_file_of_something_else_is_not_overwritten(publish, tmp_path):
    path = tmp_path / "runs" / "serving" / "experiments.json"
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    assert "must be what `sluice experiment publish` writes" in publish(FIRST).stderr
    assert path.read_text() == "mine"
