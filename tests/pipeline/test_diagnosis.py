"""Prerequisites: what is good, what is missing, and what to do about it."""

import json

import pytest
from typer.testing import CliRunner

from pipeline import diagnosis
from pipeline.diagnosis import Finding, disk, image_digest, kubeflow_api, libraries, memory
from tests.pages import serve_pages


@pytest.fixture
def lock(tmp_path):
    path = tmp_path / "requirements.lock"
    path.write_text(
        "# a comment==1\na-b==1.0 \\\n    --hash=sha256:00\nc==2 ; python_version > '3'\n"
    )
    return path


def test_libraries_are_compared_with_the_lock(lock):
    assert libraries(lock, {"a-b": "1.0", "c": "2"}) == Finding("libraries", True, "2 as locked")
    wrong = libraries(lock, {"a-b": "1.1"})
    assert not wrong.good
    assert wrong.found == "a-b 1.1 (locked: 1.0), c missing (locked: 2)"
    assert "make setup" in wrong.remedy


def test_an_image_without_a_lock_has_nothing_to_compare_with(tmp_path):
    assert libraries(tmp_path / "requirements.lock", {"a": "1"}).good


def test_disk_is_that_of_the_nearest_folder_there_is(tmp_path):
    assert disk(tmp_path / "not" / "yet", needed=0).found.endswith(f"GB free at {tmp_path}")
    full = disk(tmp_path, needed=1e9)
    assert not full.good
    assert "Free 1e+09 GB there" in full.remedy


@pytest.mark.parametrize(("total", "good"), [(16.0, True), (4.0, False)])
def test_memory(total, good):
    finding = memory(total)
    assert finding.good is good
    assert bool(finding.remedy) is not good


def test_an_image_that_others_may_exchange_is_told():
    tag = image_digest("a/b:2.20.0")
    assert not tag.good
    assert not tag.required
    assert "write `serving: {image: a/b:2.20.0@sha256:...}`" in tag.remedy
    assert image_digest(f"a/b:2.20.0@sha256:{'0a' * 32}").good


@pytest.fixture
def api():
    """A server that answers at the path where Kubeflow's API tells its health."""

    def answer(path):
        well = path == "/apis/v2beta1/healthz"
        return (200, json.dumps({"tag_name": "2.5.0"})) if well else (404, "")

    with serve_pages(answer) as server:
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_api_of_kubeflow(api):
    assert kubeflow_api(f"{api}/").good
    assert kubeflow_api(api).found == f"{api}, version 2.5.0"
    elsewhere = kubeflow_api(f"{api}/pipeline")
    assert not elsewhere.good
    assert "404" in elsewhere.found
    assert "port-forward" in elsewhere.remedy


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "file:///etc/passwd", "here"])
def test_an_api_that_is_not_there(url):
    assert not kubeflow_api(url).good


@pytest.fixture
def doctor(monkeypatch):
    """Calls the verb with findings of our own: exit code and output."""
    from pipeline.cli import app

    def call(*findings, arguments=()):
        monkeypatch.setattr(diagnosis, "findings", lambda *_: iter(findings))
        done = CliRunner().invoke(app, ["doctor", *arguments])
        return done.exit_code, done.output

    return call


def test_all_is_well(doctor):
    assert doctor(Finding("disk", True, "9 GB"))[0] == 0


def test_what_is_missing_is_said_and_fails(doctor):
    code, output = doctor(Finding("disk", False, "1 GB", "Free some."))
    assert code == 1
    assert "MISSING  disk" in output
    assert "Free some." in output


def test_what_is_optional_does_not_fail(doctor):
    code, output = doctor(Finding("docker", False, "not on PATH", "Install it.", required=False))
    assert code == 0
    assert "absent   docker" in output


def test_scripts_get_one_object(doctor):
    code, output = doctor(Finding("disk", False, "1 GB", "Free some."), arguments=["--json"])
    told = json.loads(output)
    assert (code, told["well"]) == (1, False)
    assert told["findings"][0]["remedy"] == "Free some."


@pytest.mark.slow
def test_this_machine_is_looked_at(tmp_path):
    found = {one.name: one for one in diagnosis.findings(tmp_path, None)}
    assert found["TFX"].good
    assert found["Python 3.11"].good
    assert {"libraries", "Keras 2", "disk", "memory", "docker", "kubectl"} <= set(found)
