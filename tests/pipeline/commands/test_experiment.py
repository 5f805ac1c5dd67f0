"""`sluice experiment report`: from the compactor's files to a page and JSON."""

import json
import time

import polars as pl
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from serving.experiments.assignment import assign
from serving.experiments.plan_file import PlanFile
from serving.query import Recommendation
from serving.stream.exposure_log import ExposureLog
from serving.stream.sqlite_queue import SqliteQueue
from serving.user_flows import UserList
from tests.components.experiments.logs import log_of_users, seeded
from tests.components.experiments.simulated import simulated

ITEM = (Recommendation("a", 0.5, 0.1),)


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def config(tmp_path):
    users = pl.DataFrame({"user_id": [f"u{n}" for n in range(300)], "country": ["de", "fr"] * 150})
    users.write_csv(tmp_path / "users.csv")
    path = tmp_path / "shop.yaml"
    path.write_text(
        "name: shop\nroot: runs\ndata: {events: {path: log.csv}, users: {path: users.csv}}\n"
        "features: [{name: country, side: query, kind: category}]\n"
        "experiments:\n"
        "  - name: trial\n    outcome: buy\n    outcome_days: 1\n    slices: [country]\n"
        "    arms: [{name: old}, {name: new, parameters: {columns: 5}}]\n"
    )
    return path


def test_from_the_clients_log_to_a_finding(config, tmp_path):
    assert invoke("experiment", "publish", "--config", config).exit_code == 0
    plan = PlanFile(tmp_path / "runs" / "serving" / "experiments.json").current()
    folder = tmp_path / "runs" / "stream"
    folder.mkdir()
    queue = SqliteQueue(folder / "events.sqlite")
    log, begin = ExposureLog(queue), int(time.time()) - 3 * 86_400
    for n in range(300):
        user, arm = f"u{n}", assign(plan, f"u{n}").text
        log.shown(user, UserList(ITEM, "model", 7, 3, arm=arm), at=begin + n)
        for _ in range(1 + 2 * (arm == "trial=new") + n % 2):
            log.happened(user, "a", "buy", at=begin + n + 60)
    log.happened("u0", "a", "view", at=begin + 2 * 86_400)
    queue.close()
    done = invoke("stream", "consume", "--config", config, "--until-idle")
    assert done.exit_code == 0, done.output
    done = invoke("stream", "compact", "--config", config, "--until-idle")
    assert done.exit_code == 0, done.output

    result = invoke("experiment", "report", "trial", "--config", config, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["findings"] == {"new": "better"}
    assert told["readable"]
    assert told["comparisons"][0]["look"]["difference"] == pytest.approx(2, abs=0.2)
    assert sum(arm["users"] for arm in told["arms"]) == 300
    page = tmp_path / "runs" / "report" / "experiments" / "trial.html"
    assert told["page"] == str(page)
    assert "BETTER: new" in page.read_text()


def test_it_is_read_from_another_folder_and_printed(config, tmp_path):
    day = tmp_path / "elsewhere" / "dt=2026-01-01"
    day.mkdir(parents=True)
    log_of_users(simulated(seeded(1), 600, 2)).collect().write_parquet(day / "events-0.parquet")
    options = ("--config", config, "--log", day.parent)
    printed = invoke("experiment", "report", "trial", *options)
    assert printed.exit_code == 0, printed.output
    assert printed.stdout.startswith("OPEN\nnew has shown no difference in buy so far")
    assert "arm" in printed.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [("other", "Received: 'other', with trial there"), ("trial", "Write it with `sluice stream")],
)
def test_what_is_not_there_is_said(config, name, said):
    result = invoke("experiment", "report", name, "--config", config)
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_log_of_something_else_is_refused(config, tmp_path):
    day = tmp_path / "elsewhere" / "dt=2026-01-01"
    day.mkdir(parents=True)
    log = log_of_users(simulated(seeded(1), 5, 1)).collect()
    log.drop("arm").write_parquet(day / "events-0.parquet")
    options = ("--config", config, "--log", day.parent)
    assert "without arm" in invoke("experiment", "report", "trial", *options).stderr
