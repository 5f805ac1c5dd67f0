"""Stores of both kinds, empty."""

import uuid

import pytest

from serving.user_state.redis_store import RedisUserStates
from serving.user_state.sqlite_store import SqliteUserStates


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
