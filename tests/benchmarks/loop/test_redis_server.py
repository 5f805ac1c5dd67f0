"""A server of one's own, even where somebody else takes its port."""

import shutil
import socket

import pytest
import redis

from benchmarks.loop import redis_server
from benchmarks.loop.redis_server import RedisServer
from benchmarks.processes import SideError


@pytest.fixture(autouse=True)
def _redis():
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not on PATH: run scripts/install_redis.sh")


@pytest.fixture
def servers():
    """Servers that are ended after the test."""
    started = []
    yield started
    for server in started:
        server.kill()


def offered(monkeypatch, *ports):
    """Has these ports pass for free, one after the other, and then one that is."""
    left, really = list(ports), redis_server.free_ports
    monkeypatch.setattr(
        redis_server, "free_ports", lambda count: [left.pop(0)] if left else really(count)
    )


def test_a_port_that_was_taken_meanwhile_is_given_up(tmp_path, monkeypatch, servers):
    servers.append(RedisServer(tmp_path / "other", "everysec"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        offered(monkeypatch, servers[0].port, taken.getsockname()[1])
        servers.append(RedisServer(tmp_path / "ours", "everysec"))
    with redis.Redis.from_url(servers[1].url) as client:
        assert client.info("server")["process_id"] == servers[1].process.pid
    assert servers[1].port != servers[0].port


def test_one_that_never_starts_is_an_error_that_names_its_log(tmp_path):
    with pytest.raises(SideError, match=r"ended with code 1; see .*redis\.log"):
        RedisServer(tmp_path, "sometimes")
