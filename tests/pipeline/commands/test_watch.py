"""`sluice stream watch`: on a log, once and over HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from components.pusher.manifest import MANIFEST_FILE, Manifest
from pipeline.cli import app
from serving.stream.log_files import DAY_SECONDS
from tests.components.traffic.logs import HOUR, NOW, did, shown, write
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]


@pytest.fixture
def config(tmp_path):
    (tmp_path / "items.csv").write_text("item_id\na\nb\nc\nd\n")
    path = tmp_path / "shop.yaml"
    path.write_text(
        f"name: shop\nroot: {tmp_path}/runs\n"
        f"data: {{events: {{path: log.csv}}, items: {{path: {tmp_path}/items.csv}}}}\n"
        "examples: {attribution_hours: 6}\n"
    )
    at = NOW - 10 * HOUR
    messages = [
        shown("ann", at, "ab", [0.5, 0.25]),
        did("ann", at + HOUR, "a"),
        shown("bob", at, "c", source="fallback"),
    ]
    (tmp_path / "runs" / "stream").mkdir(parents=True)
    write(tmp_path / "runs" / "stream" / "log", messages)
    return path


def test_the_log_is_measured_as_the_settings_say(config):
    arguments = ["stream", "watch", "--config", str(config), "--at", str(NOW)]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["lists"], found["judged"], found["positives"]) == (2, 2, 1)
    assert (found["fallback_share"], found["calibration"]) == (0.5, 0.75)
    assert (found["catalogue_coverage"], found["score_drift"]) == (0.5, None)
    text = CliRunner().invoke(app, arguments).stdout
    assert re.search(r"catalogue coverage +0\.5\n", text)
    assert "score drift" not in text


@pytest.mark.slow
def test_prometheus_is_told_until_it_is_stopped(config):
    command = [
        *(sys.executable, "-c", "from pipeline.cli import main; main()"),
        *("stream", "watch", "--config", str(config), "--at", str(NOW)),
        *("--metrics-port", "0", "--every", "0.2"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        line = next(line for line in process.stderr if line.startswith("Metrics: "))

        def told(metric):
            with urllib.request.urlopen(line.split()[1], timeout=5) as answer:
                found = re.search(rf"^{metric} (\S+)$", answer.read().decode(), re.MULTILINE)
            return found and float(found[1])

        assert wait_until(lambda: told("sluice_traffic_fallback_share")) == 0.5
        # A file that is none: the last measures stay, the failure is counted.
        [day] = (config.parent / "runs" / "stream" / "log").glob("dt=*")
        (day / "events-9.parquet").write_text("?")
        assert wait_until(lambda: told("sluice_traffic_failures_total"))
        assert told("sluice_traffic_fallback_share") == 0.5
    finally:
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0


def test_the_age_of_the_model_is_that_of_its_training(config, tmp_path):
    version, trained = NOW - 5 * DAY_SECONDS, NOW - 20 * DAY_SECONDS
    folder = tmp_path / "runs" / "serving" / "recommender" / str(version)
    folder.mkdir(parents=True)
    (folder / MANIFEST_FILE).write_text(Manifest(version, {}, refresh_of=trained).text())
    arguments = ["stream", "watch", "--config", str(config), "--at", str(NOW), "--json"]
    found = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert (found["model_version"], found["model_age_seconds"]) == (version, 20 * DAY_SECONDS)
