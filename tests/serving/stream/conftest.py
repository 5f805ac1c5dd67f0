"""Queues and stores of both kinds, empty."""

import uuid

import pytest

from serving.stream.redis_queue import RedisQueue
from serving.stream.sqlite_queue import SqliteQueue
from serving.user_state.redis_store import RedisUserStates
from serving.user_state.sqlite_store import SqliteUserStates

CLAIM_AFTER_S = 0.2


@pytest.fixture(params=["sqlite", "redis"])
def place(request, tmp_path):
    """Where a stream is: opens one more queue or store at the same place, however often."""
    opened = []

    class Place:
        kind = request.param

        def queue(self):
            if self.kind == "sqlite":
                return keep(SqliteQueue(tmp_path / "events.sqlite"))
            return keep(RedisQueue(url, prefix, partitions=3, claim_after_s=CLAIM_AFTER_S))

        def store(self):
            if self.kind == "sqlite":
                return keep(SqliteUserStates(tmp_path / "users.sqlite"))
            return keep(RedisUserStates(url, prefix))

    def keep(connection):
        opened.append(connection)
        return connection

    if request.param == "redis":
        url, prefix = request.getfixturevalue("redis_url"), uuid.uuid4().hex
    yield Place()
    for connection in opened:
        connection.close()


@pytest.fixture
def queue(place):
    return place.queue()


@pytest.fixture
def store(place):
    return place.store()
