"""`sluice submit`: Kubeflow's own client against a server that speaks its API."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import RunError
from pipeline.kubeflow.submission import TOKEN_VARIABLE, Endpoint, Schedule, submit
from tests.pipeline.kubeflow.kfp_server import KubeflowApi, serving

GOLDEN = Path(__file__).parent / "golden" / "diamond.yaml"
NIGHTLY = "0 0 3 * * *"


@pytest.fixture
def compiled(tmp_path):
    """A compiled pipeline with the parameters `until` and `last`."""
    return Path(shutil.copy(GOLDEN, tmp_path / "pipeline.yaml"))


@pytest.fixture
def api():
    return KubeflowApi()


@pytest.fixture
def url(api, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))  # where kfp would keep things
    with serving(api) as address:
        yield address


def names(api, kind):
    return [one["display_name"] for one in api.kept[kind]]


def test_a_pipeline_is_uploaded_and_started(compiled, api, url):
    done = submit(compiled, Endpoint(url), {"until": "2026-03-31", "last": "28"})
    assert names(api, "pipelines") == names(api, "experiments") == ["diamond"]
    assert set(api.uploads) == {compiled.read_bytes()}
    [run] = api.kept["runs"]
    assert run["runtime_config"]["parameters"] == {"until": "2026-03-31", "last": 28}
    assert run["pipeline_version_reference"] == {
        "pipeline_id": done.pipeline_id,
        "pipeline_version_id": done.version_id,
    }
    assert done.page == f"{url}/#/runs/details/{run['run_id']}"
    assert done.schedule_id is None


def test_what_is_there_is_not_uploaded_again_and_a_change_is_a_version(compiled, api, url):
    first = submit(compiled, Endpoint(url), {})
    again = submit(compiled, Endpoint(url), {})
    assert (again.pipeline_id, again.version_id) == (first.pipeline_id, first.version_id)
    assert len(api.kept["runs"]) == 2
    assert len(api.kept["experiments"]) == 1
    compiled.write_text(compiled.read_text().replace("shop/sluice:1", "shop/sluice:2"))
    changed = submit(compiled, Endpoint(url), {})
    assert changed.pipeline_id == first.pipeline_id
    assert changed.version_id != first.version_id
    assert len(api.kept["versions"]) == 2


def test_a_schedule_runs_one_at_a_time_and_makes_up_for_nothing(compiled, api, url):
    done = submit(compiled, Endpoint(url), {"last": "28"}, schedule=Schedule(NIGHTLY))
    [recurring] = api.kept["recurringruns"]
    assert recurring["trigger"]["cron_schedule"]["cron"] == NIGHTLY
    assert recurring["max_concurrency"] == 1
    assert recurring["no_catchup"] is True
    assert recurring["mode"] == "ENABLE"
    assert recurring["runtime_config"]["parameters"] == {"last": 28}
    assert done.run_id is None
    assert done.page == f"{url}/#/recurringrun/details/{done.schedule_id}"
    assert api.kept["runs"] == []


def test_a_second_schedule_is_refused_or_takes_the_place_of_the_first(compiled, api, url):
    submit(compiled, Endpoint(url), {}, schedule=Schedule(NIGHTLY))
    with pytest.raises(RunError, match=r"one schedule in an experiment.*runs at '0 0 3"):
        submit(compiled, Endpoint(url), {}, schedule=Schedule("@daily"))
    submit(compiled, Endpoint(url), {}, schedule=Schedule("@daily", catch_up=True, replace=True))
    [recurring] = api.kept["recurringruns"]
    assert recurring["trigger"]["cron_schedule"]["cron"] == "@daily"
    assert recurring["no_catchup"] is False
    submit(compiled, Endpoint(url), {}, experiment="trial", schedule=Schedule(NIGHTLY))
    assert len(api.kept["recurringruns"]) == 2


def test_a_schedule_stays_where_the_next_is_refused(compiled, api, url):
    submit(compiled, Endpoint(url), {}, schedule=Schedule(NIGHTLY))
    api.refuses["POST", "/recurringruns"] = 400
    with pytest.raises(RunError, match="400 Bad Request: no POST of /recurringruns"):
        submit(compiled, Endpoint(url), {}, schedule=Schedule("@daily", replace=True))
    assert len(api.kept["recurringruns"]) == 1


@pytest.mark.parametrize("cron", ["0 3 * * *", "", "daily", "@sometimes"])
def test_another_cron_is_refused(cron):
    with pytest.raises(RunError, match=r"six fields, seconds first.*Received: '"):
        Schedule(cron)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"untill": "2026-03-31"}, "Received: untill. There are: last, until"),
        ({"last": "a week"}, r"'last' is a number integer\. Received: 'a week'"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_is_uploaded(compiled, api, url, given, said):
    with pytest.raises(RunError, match=said):
        submit(compiled, Endpoint(url), given)
    assert api.uploads == []


def test_a_file_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(RunError, match="which does not exist"):
        submit(tmp_path / "nowhere.yaml", Endpoint(url), {})


def test_an_api_that_is_not_there_is_told(compiled):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RunError, match=r"must answer at --api\. Received: .*port-forward"):
            submit(compiled, Endpoint(address), {})


@pytest.mark.parametrize("token", ["", "wrong-token"])
def test_who_is_not_known_is_told_what_to_do_and_no_secret_is_said(compiled, api, url, token):
    api.token = "right-token"
    with pytest.raises(
        RunError, match=rf"Unauthenticated.*Put a valid one into {TOKEN_VARIABLE}"
    ) as e:
        submit(compiled, Endpoint(url, token), {})
    assert "wrong-token" not in f"{e.value}{Endpoint(url, token)}"
    assert ("no token" in str(e.value)) == (not token)
    submit(compiled, Endpoint(url, "right-token"), {})
    assert len(api.kept["runs"]) == 1


def test_a_name_that_is_taken_meanwhile_is_told(compiled, api, url):
    api.refuses["POST", "/pipelines/upload"] = 409
    with pytest.raises(RunError, match=r"names are taken once.*409 Conflict.*submit it again"):
        submit(compiled, Endpoint(url), {})


def test_a_shared_kubeflow_asks_for_a_namespace(compiled, api, url):
    api.multi_user = True
    with pytest.raises(RunError, match=r"no namespace\. Name yours"):
        submit(compiled, Endpoint(url), {})
    submit(compiled, Endpoint(url, namespace="ann"), {})
    submit(compiled, Endpoint(url, namespace="ben"), {})
    assert [one["namespace"] for one in api.kept["pipelines"]] == ["ann", "ben"]
    assert [one["namespace"] for one in api.kept["experiments"]] == ["ann", "ben"]


@pytest.mark.slow
def test_the_verb_says_what_was_started(compiled, api, url):
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "submit"]
    command += ["--from-ir", str(compiled), "--api", url]

    def call(*more):
        return subprocess.run(
            [*command, *more], capture_output=True, text=True, env=os.environ, timeout=120
        )

    done = call("--every", NIGHTLY, "--parameter", "last=7")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Scheduled.")
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    started = json.loads(call("--json").stdout)
    assert started["run_id"] == api.kept["runs"][0]["run_id"]
    wrong = call("--catch-up")
    assert wrong.returncode == 2
    again = call("--every", NIGHTLY)
    assert again.returncode == 1
    assert "Say --replace" in again.stderr
