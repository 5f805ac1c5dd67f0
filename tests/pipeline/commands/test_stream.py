"""`sluice stream`: the verbs on SQLite files; the tests of faults use those on Redis."""

import json
import re
import time
import urllib.request

import polars as pl
import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from serving.stream.messages import Exposure, Outcome, to_bytes
from serving.stream.sqlite_queue import SqliteQueue
from serving.user_state.sqlite_store import SqliteUserStates

NOW = int(time.time())


def invoke(*arguments):
    return CliRunner().invoke(app, ["stream", *map(str, arguments)])


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(
        "name: shop\nroot: runs\ndata: {events: {path: log.csv}}\n"
        "aggregates: [{name: views, of: user, count: view, window: 1d}]\n"
        "examples: {impression_type: seen}\n"
    )
    return path


def test_from_the_stream_to_states_and_log(config, tmp_path):
    folder = tmp_path / "runs" / "stream"
    folder.mkdir(parents=True)
    queue = SqliteQueue(folder / "events.sqlite")
    messages = [Exposure("r", "ann", NOW, ("a", "b")), Outcome("e", "ann", "a", "view", NOW)]
    queue.append([*((one.user_id, to_bytes(one)) for one in messages), ("ann", b"?")])
    status = json.loads(invoke("status", "--config", config, "--json").stdout)
    assert status == {"backlog": 3, "dead_letters": {}}
    done = invoke("consume", "--config", config, "--until-idle")
    assert done.exit_code == 0, done.output
    assert "3 entries: 3 events, 1 dead letters." in done.stdout
    assert invoke("compact", "--config", config, "--until-idle").exit_code == 0
    assert invoke("status", "--config", config).stdout.splitlines() == [
        "0 entries to consume, 1 dead letters",
        "  1: it is no JSON object",
    ]
    [ann], publication = SqliteUserStates(folder / "users.sqlite").read(["ann"])
    assert [event.item_id for event in ann.state.events] == ["a"]
    assert [window.name for window in publication.settings.windows] == ["views"]
    types = pl.read_parquet(folder / "log" / "dt=*" / "*")["event_type"]
    assert sorted(types) == ["seen", "seen", "view"]
    erased = CliRunner().invoke(app, ["erase", "ann", "--config", str(config), "--json"])
    assert erased.exit_code == 0, erased.output
    done = json.loads(erased.stdout)
    assert (done["states"], done["entries"], done["rows"]) == (1, 0, 3)
    assert pl.read_parquet(folder / "log" / "dt=*" / "*").is_empty()
    [audit] = (tmp_path / "runs" / "erasures.jsonl").read_text().splitlines()
    assert "ann" not in audit
    assert json.loads(audit)["rows"] == 3


def test_metrics_are_told_for_as_long_as_a_verb_runs(config, tmp_path):
    folder = tmp_path / "runs" / "stream"
    folder.mkdir(parents=True)
    SqliteQueue(folder / "events.sqlite").append([("ann", b"?")])
    expected = {
        "consume": "sluice_stream_consumed_entries_total 1.0",
        "compact": "sluice_stream_logged_entries_total 1.0",
    }
    for verb, line in expected.items():
        done = invoke(verb, "--config", config, "--until-idle", "--metrics-port", 0)
        assert done.exit_code == 0, done.output
        [url] = re.findall(r"^Metrics: (http://127.0.0.1:\d+/metrics)$", done.stderr, re.MULTILINE)
        with urllib.request.urlopen(url, timeout=5) as answer:  # this process goes on
            told = answer.read().decode().splitlines()
        assert {line, "sluice_stream_queue_up 1.0"} <= set(told)


@pytest.mark.parametrize("share", ["2", "0/2", "a/b", "1/"])
def test_a_share_that_is_none_is_told(config, share):
    result = invoke("consume", "--config", config, "--share", share)
    assert result.exit_code == 2
    assert "--share must be such as 1/4" in result.output
