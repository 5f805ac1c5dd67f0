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


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not on PATH: run scripts/install_redis.sh")
    folder = tmp_path_factory.mktemp("redis")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    log = folder / "redis.log"
    with log.open("wb") as output:
        process = subprocess.Popen([program, *place, "--save", ""], stdout=output)
    deadline = time.monotonic() + 20
    while True:
        try:
            with redis.Redis(port=port) as client:
                client.ping()
            break
        except redis.ConnectionError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(20)


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
