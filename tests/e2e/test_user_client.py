"""The clients of users with the pushed model and the published states of a real run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from serving.client import RecommenderClient
from serving.embedded import embedded_server
from serving.user_client import UserClient
from serving.user_state.published import import_states
from serving.user_state.sqlite_store import SqliteUserStates
from serving.user_store import UserStore
from transform.state import Event

pytestmark = pytest.mark.slow

Serving = tuple[RecommenderClient, UserClient, UserStore]


@pytest.fixture(scope="module")
def serving(
    first_run: dict[str, Any], artifacts: Callable[[str, str], Path], sample: Path
) -> Iterator[Serving]:
    published = artifacts("EventExampleGen", "user_states") / "users.parquet"
    store = SqliteUserStates(sample / "users.sqlite")
    assert import_states(published, store).written > 0
    folder = sample / "root" / "serving" / "recommender"
    with (
        embedded_server(folder, log_path=sample / "users-server.log") as server,
        RecommenderClient(server.address) as client,
    ):
        yield client, UserClient(client, store), UserStore.open(published)
    store.close()


def test_a_list_is_that_of_the_published_state(serving: Serving) -> None:
    client, users, published = serving
    for user_id in ("1", "2", "nobody"):
        query = published.query(user_id)
        answer = users.recommend(user_id, 10, at=query.request_time)
        assert answer.source == "model"
        assert list(answer.items) == client.recommend([query], 10)[0]


def test_what_a_user_does_is_known_at_once(serving: Serving) -> None:
    _, users, published = serving
    now = published.query("2").request_time
    before = users.recommend("2", 10, at=now)
    top = before.items[0].item_id
    version = users.record("2", Event(top, "interaction", now))
    after = users.recommend("2", 10, at=now)
    assert after.state_version == version
    assert version == (before.state_version or 0) + 1
    assert top not in {item.item_id for item in after.items}


def test_scores_and_embeddings_are_those_of_the_model(serving: Serving) -> None:
    client, users, published = serving
    query = published.query("1")
    listed = client.recommend([query], 5)[0]
    scores = client.rank([query], [[item.item_id for item in listed]])[0]
    np.testing.assert_allclose(scores, [item.score for item in listed], atol=1e-5)
    embedding = users.query_embedding("1")
    np.testing.assert_allclose(embedding, client.query_embedding([query])[0], atol=1e-4)
    assert users.query_embedding("1") is embedding


def test_the_popular_list_holds_what_the_log_holds(serving: Serving, tmp_path: Path) -> None:
    _, _, published = serving
    with RecommenderClient("127.0.0.1:1") as gone:
        store = SqliteUserStates(tmp_path / "users.sqlite")
        import_states(published.path, store)
        answer = UserClient(gone, store).recommend("nobody", 10)
        store.close()
    events = pl.scan_parquet(published.path).select(pl.col("history_item_id").explode())
    known = set(events.collect()["history_item_id"])
    assert answer.source == "fallback"
    assert len(answer.items) == 10
    assert {item.item_id for item in answer.items} <= known
