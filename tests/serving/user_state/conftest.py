"""Stores of both kinds, empty; Redis is a real server of the tests' own."""

import shutil
import socket
import subprocess
import time
import uuid

import pytest
import redis

from serving.user_state.redis_store import RedisUserStates
from serving.user_state.sqlite_store import SqliteUserStates


class RedisServer:
    """A Redis server that keeps its keys through a crash, on a port that stays the same."""

    def __init__(self, folder):
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("redis-server is not on PATH: run scripts/install_redis.sh")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(folder)]
        durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        self._command = [program, *place, *durable, "--logfile", str(folder / "redis.log")]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self._command)
        deadline = time.monotonic() + 20
        while True:
            try:
                with redis.Redis(port=self.port) as client:
                    client.ping()
                return
            except (redis.ConnectionError, redis.BusyLoadingError):
                assert self.process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait(20)


@pytest.fixture
def redis_server(tmp_path):
    """A server for one test, to do with as it likes."""
    server = RedisServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server.url
    server.kill()


@pytest.fixture(params=["sqlite", "redis"])
def connect(request, tmp_path):
    """Opens one more connection to the same store, however often it is called."""
    opened = []
    if request.param == "sqlite":
        path = tmp_path / "users.sqlite"
        make = lambda: SqliteUserStates(path)  # noqa: E731
    else:
        url, prefix = request.getfixturevalue("redis_url"), uuid.uuid4().hex
        make = lambda: RedisUserStates(url, prefix)  # noqa: E731

    def store():
        opened.append(make())
        return opened[-1]

    yield store
    for store_ in opened:
        store_.close()


@pytest.fixture
def store(connect):
    return connect()
