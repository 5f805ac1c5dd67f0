"""The server that waits for the candidate: it serves what is served, where that still loads."""

import time

import psutil
import pytest

from components.serving_validator import ahead, host
from components.serving_validator.host import CANDIDATE, SERVED, host_ahead, host_of, publish
from components.serving_validator.swap import SwapError, enter
from serving.embedded import EmbeddedServerError
from tests.components.serving_validator.servers import kill_server_of
from tests.components.toy_recommender import ToyRecommender

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return ToyRecommender().save(tmp_path_factory.mktemp("models") / "good")


@pytest.fixture(scope="module")
def broken(model, tmp_path_factory):
    """A version that loads nowhere."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "saved_model.pb").write_bytes((model / "saved_model.pb").read_bytes())
    return folder


def wait_until(holds):
    deadline = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def served_by(a_host):
    return {path.name for path in a_host.folder.iterdir()}


def test_before_the_first_version_it_serves_nothing(model, broken, tmp_path):
    with host_of(None, tmp_path / "server.log") as found:
        assert not found.serves
        assert served_by(found) == set()
        entered = enter(found.server, found.folder, model)
        assert served_by(found) == {str(CANDIDATE)}
    assert entered.load_seconds > 0.0
    assert entered.swap == {}


def test_a_candidate_that_does_not_load_is_told(broken, tmp_path):
    with (
        host_of(None, tmp_path / "server.log") as found,
        pytest.raises(EmbeddedServerError, match="version 2 failed to load"),
    ):
        enter(found.server, found.folder, broken)


def test_it_serves_what_is_served(model, tmp_path):
    with host_of(model, tmp_path / "server.log") as found:
        assert found.serves
        assert found.server.why_not_available(SERVED, 5.0) == ""


def test_what_does_not_load_any_more_leaves_nothing_behind(model, broken, tmp_path):
    log = tmp_path / "server.log"
    with host_of(broken, log) as found:
        assert not found.serves
        assert served_by(found) == set()
        enter(found.server, found.folder, model)
    assert "failed to load" in (tmp_path / "served_version.log").read_text()
    assert "failed to load" not in log.read_text()


def test_nor_does_what_brings_the_server_down(model, tmp_path, monkeypatch):
    def kill(served, version):
        kill_server_of(version.parent)
        publish(served, version)

    monkeypatch.setattr(host, "publish", kill)
    with host_of(model, tmp_path / "server.log") as found:
        assert not found.serves
        assert found.server.is_running()


def test_a_server_that_died_while_it_waited_excuses_nothing(model, tmp_path):
    log = tmp_path / "ahead.log"
    with host_ahead(model, log):
        ahead.begin()
        wait_until(lambda: log.exists() and "listening" in log.read_text())
        [server] = [c for c in psutil.Process().children() if "serving.model_server" in c.cmdline()]
        server.kill()
        with host_of(model, tmp_path / "server.log") as found:
            assert found.serves
            assert found.server.pid != server.pid


def test_what_goes_wrong_with_the_candidate_is_not_the_fault_of_the_served_version(model, tmp_path):
    with pytest.raises(SwapError), host_of(model, tmp_path / "server.log"):
        raise SwapError("planted")
