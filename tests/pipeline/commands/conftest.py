"""A client and a server that answer without a model behind them."""

import contextlib
import sys
import types
from typing import ClassVar

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from serving.query import Recommendation


class FakeClient:
    """Recommends item c, then a thing without a title, and remembers what it was asked."""

    asked: ClassVar[list] = []

    def __init__(self, address):
        self.address = address

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def recommend(self, queries, k):
        type(self).asked.append((self.address, queries, k))
        items = [Recommendation("c", 0.75, 2.0), Recommendation("untitled", 0.5, 1.0)]
        return [items[:k] for _ in queries]


@pytest.fixture
def client(monkeypatch):
    """The fake client in place of the real one; returns what it was asked."""
    monkeypatch.setattr(FakeClient, "asked", [])
    fake = types.SimpleNamespace(RecommenderClient=FakeClient)
    monkeypatch.setitem(sys.modules, "serving.client", fake)
    return FakeClient.asked


@pytest.fixture
def server(monkeypatch):
    """The fake embedded server; returns what happened to it, with the versions that it had."""
    happened = []

    @contextlib.contextmanager
    def embedded_server(base_path, *, log_path):
        versions = sorted(path.name for path in base_path.iterdir())
        happened.append(("started", versions))
        try:
            yield types.SimpleNamespace(address="127.0.0.1:1")
        finally:
            happened.append(("stopped", versions))

    fake = types.SimpleNamespace(embedded_server=embedded_server)
    monkeypatch.setitem(sys.modules, "serving.embedded", fake)
    return happened


@pytest.fixture
def trained(shop):
    """A shop after a run: histories, a report, a pushed version."""
    done = mlmd.Execution.COMPLETE
    shop.run("one", {"A": (done, "SluiceUserStates", shop.states(), "")})
    shop.report()
    shop.version(3)
    return shop
