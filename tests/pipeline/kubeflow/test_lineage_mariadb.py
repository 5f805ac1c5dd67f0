"""What the verbs that look back read from a real MariaDB, in place of a file in the root folder."""

import json

import pytest
import yaml
from ml_metadata.proto import metadata_store_pb2 as mlmd
from typer.testing import CliRunner

from benchmarks.kubeflow import mariadb
from pipeline.cli import app
from pipeline.kubeflow.metadata import PASSWORD_VARIABLE
from pipeline.runners.lock import shared
from pipeline.user_states import user_states_file
from tests.pipeline.conftest import Shop

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not mariadb.programs(), reason="needs MariaDB's server: scripts/install_mariadb.sh"
    ),
]
E = mlmd.Execution


@pytest.fixture(scope="module")
def shop(server, tmp_path_factory):
    """A shop that ran on Kubeflow: one run pushed a version, the next stopped before its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PASSWORD_VARIABLE, mariadb.PASSWORD)
        shop = Shop(tmp_path_factory.mktemp("shop"), server.settings)
        shop.judged("one", blessed=True, pushed=3)
        reports = {name: report(shop, name) for name in ("two", "three")}
        for name, folder in reports.items():
            shop.run(name, {"Report": (E.COMPLETE, "SluiceReport", folder, "")})
        states = shop.states("1")
        shop.run("four", {"EventExampleGen": (E.COMPLETE, "SluiceUserStates", states, "")})
        yield shop


def report(shop, run_id):
    """An artifact of the Report node."""
    return shop.report(run_id=run_id).rename(shop.folder / f"report of {run_id}")


def sluice(shop, verb, *arguments):
    done = CliRunner().invoke(app, [verb, "--config", str(shop.config), *arguments])
    assert mariadb.PASSWORD not in done.output
    return done


def changed(shop, **mysql):
    """The shop under settings with other keys of `kubeflow.metadata.mysql`."""
    settings = yaml.safe_load(shop.config.read_text())
    settings["kubeflow"]["metadata"]["mysql"] |= mysql
    other = Shop.__new__(Shop)
    other.config = shop.folder / "changed.yaml"
    other.config.write_text(yaml.safe_dump(settings))
    return other


def states(told):
    return {run["run_id"]: (run["state"], run["pushed_version"]) for run in told["runs"]}


def test_status_lists_the_runs_of_the_cluster(shop):
    told = json.loads(sluice(shop, "status", "--json").stdout)
    assert states(told) == {
        "four": ("running", None),  # nothing here says that it ended
        "three": ("done", None),
        "two": ("done", None),
        "one": ("done", 3),
    }
    assert told["running"] is True
    assert told["verdict"]["summary"] == "So it is."
    assert not (shop.root / "metadata.sqlite").exists()


def test_where_runs_hold_a_lock_one_that_stopped_is_known(shop):
    lock = shop.root / "lock"
    try:
        with shared(shop.root):
            told = json.loads(sluice(shop, "status", "--json").stdout)
            assert states(told)["four"] == ("running", None)
        told = json.loads(sluice(shop, "status", "--json").stdout)
        assert states(told)["four"] == ("interrupted", None)
        assert told["running"] is False
    finally:
        lock.unlink()


def test_reports_and_histories_are_those_of_the_runs(shop):
    shown = json.loads(sluice(shop, "report", "--json").stdout)
    assert shown["run_id"] == "three"
    page = shop.folder / "page.html"
    compared = sluice(shop, "report", "--compare", "two", "three", "--out", str(page), "--json")
    assert [json.loads(compared.stdout)[side]["run_id"] for side in "ab"] == ["two", "three"]
    assert user_states_file(shop.settings).is_relative_to(shop.root)


def test_one_who_may_only_read_can(shop):
    told = json.loads(sluice(changed(shop, user="analyst"), "status", "--json").stdout)
    assert len(told["runs"]) == 4


def test_a_database_that_we_may_not_read_is_said_so(shop):
    done = sluice(changed(shop, database="mlmb"), "status")
    assert done.exit_code == 1
    assert "Received: sluice at 127.0.0.1:" in done.output
    assert "Access denied for user 'sluice'@'%' to database 'mlmb'" in done.output


def test_a_wrong_password_is_refused_and_not_told(shop, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "open-sesamum")
    done = sluice(shop, "status")
    assert done.exit_code == 1
    assert f"or {PASSWORD_VARIABLE}" in done.output
    assert "sesamum" not in done.output


def test_a_root_folder_with_metadata_of_its_own_is_read_instead(shop, tmp_path, monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE)  # and no server is asked
    local = Shop(tmp_path)
    local.run("here", {"Report": (E.COMPLETE, None, None, "")})
    section = yaml.safe_load(shop.config.read_text())["kubeflow"]
    local.config.write_text(f"{local.config.read_text()}kubeflow: {json.dumps(section)}\n")
    told = json.loads(sluice(local, "status", "--json").stdout)
    assert states(told) == {"here": ("done", None)}
