"""Both clients of users, with a real server and a real store."""

import math
import socket
import threading
import time

import pytest

from serving.aio_client import AsyncRecommenderClient
from serving.client import RetryPolicy, ServingError
from serving.query import Recommendation
from serving.user_flows import UserClientSettings
from serving.user_state.record import Publication, UserRecord, UserStateError
from serving.user_state.redis_store import RedisUserStates
from serving.user_state.sqlite_store import SqliteUserStates
from tests.serving.in_loop import InLoop
from transform.state import Event

POPULAR = ("apple", "bread", "cheese", "dates", "eggs")
NOW = int(time.time())
ONCE = RetryPolicy(attempts=1)


@pytest.fixture
def store(tmp_path):
    opened = SqliteUserStates(tmp_path / "users.sqlite")
    opened.publish(Publication(popular_item_id=POPULAR))
    yield opened
    opened.close()


@pytest.fixture
def client(served, open_client):
    return open_client(served)


@pytest.fixture
def users(client, for_users, store):
    return for_users(client, store)


@pytest.fixture
def lonely(open_client, for_users, store):
    """A client whose server is gone."""
    return for_users(open_client("127.0.0.1:1", retries=ONCE), store)


def items(answer):
    return [item.item_id for item in answer.items]


def knows(store, user_id, **features):
    store.update([user_id], lambda _, record, __: UserRecord(0, record.state, features))


def test_an_unknown_user_is_a_cold_start(users):
    answer = users.recommend("nobody", 2)
    assert items(answer) == ["apple", "bread"]
    assert answer.items[0] == Recommendation("apple", pytest.approx(0.9), 1.0)
    assert (answer.source, answer.model_version, answer.state_version) == ("model", 7, 0)
    assert answer.reason == ""


def test_a_live_event_is_in_the_next_request(users):
    assert users.record("ann", Event("apple", "view", NOW - 5)) == 1
    assert users.record("ann", Event("cheese", "view", NOW - 4)) == 2
    answer = users.recommend("ann", 2)
    assert items(answer) == ["bread", "dates"]
    assert answer.state_version == 2


def test_a_request_as_of_the_past_does_not_see_what_came_after(users):
    users.record("ann", Event("apple", "view", 1_000))
    assert items(users.recommend("ann", 1, at=999)) == ["apple"]
    assert items(users.recommend("ann", 1, at=1_000)) == ["bread"]


def test_what_is_excluded_is_not_recommended(users):
    assert items(users.recommend("ann", 2, exclude=["apple", "bread"])) == ["cheese", "dates"]


def test_features_of_the_user_and_of_the_request_reach_the_model(users, store):
    knows(store, "ann", age=-1.0)
    with pytest.raises(ServingError, match="age must not be negative"):
        users.recommend("ann", 2)
    assert items(users.recommend("ann", 1, context={"age": 30.0})) == ["apple"]
    with pytest.raises(ServingError, match="has no input 'agee'"):
        users.recommend("bob", 1, context={"agee": 30.0})


def test_a_wrong_request_is_refused_and_not_covered_up(users, lonely):
    for client in (users, lonely):
        with pytest.raises(ServingError, match="k must be at least 1, received 0"):
            client.recommend("ann", 0)
    with pytest.raises(ValueError, match="Divide milliseconds by 1000"):
        users.recommend("ann", 1, at=NOW * 1000)


def test_without_a_server_popular_items_are_shown_and_it_is_said(lonely, store):
    lonely.record("ann", Event("bread", "view", NOW - 5))
    answer = lonely.recommend("ann", 2, exclude=["cheese"])
    assert items(answer) == ["apple", "dates"]
    assert all(math.isnan(item.score) for item in answer.items)
    assert (answer.source, answer.model_version, answer.state_version) == ("fallback", None, 1)
    assert "no model server answers at 127.0.0.1:1" in answer.reason


def test_a_fallback_may_repeat_what_was_seen(open_client, for_users, store):
    settings = UserClientSettings(repeat_seen=True)
    users = for_users(open_client("127.0.0.1:1", retries=ONCE), store, settings)
    users.record("ann", Event("apple", "view", NOW - 5))
    assert items(users.recommend("ann", 2)) == ["apple", "bread"]


def test_a_server_that_is_mute_is_gone_at_the_deadline(open_client, for_users, store):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        users = for_users(open_client(address, timeout_s=0.3), store)
        answer = users.recommend("ann", 1)
    assert answer.source == "fallback"
    assert "did not answer within 0.3 s" in answer.reason


def test_without_a_popular_list_the_error_is_told(open_client, for_users, store):
    store.publish(Publication())
    client = open_client("127.0.0.1:1", retries=ONCE)
    with pytest.raises(ServingError, match="no model server answers"):
        for_users(client, store).recommend("ann", 1)
    given = for_users(client, store, UserClientSettings(popular_item_id=("eggs",)))
    assert items(given.recommend("ann", 3)) == ["eggs"]


def test_an_unknown_model_is_no_reason_to_fall_back(open_client, served, for_users, store):
    users = for_users(open_client(served, "recomender"), store)
    with pytest.raises(ServingError, match="Known: "):
        users.recommend("ann", 1)


def test_without_a_store_popular_items_are_shown_and_it_is_said(client, for_users):
    gone = RedisUserStates("redis://127.0.0.1:1/0", timeout_s=0.2)
    with pytest.raises(UserStateError, match="Redis"):
        for_users(client, gone).recommend("ann", 1)
    users = for_users(client, gone, UserClientSettings(popular_item_id=POPULAR))
    answer = users.recommend("ann", 2, exclude=["apple"])
    assert items(answer) == ["bread", "cheese"]
    assert (answer.source, answer.state_version) == ("fallback", None)
    assert "the one at 127.0.0.1:1 does not give them" in answer.reason
    with pytest.raises(UserStateError):
        users.record("ann", Event("apple", "view", NOW))


@pytest.fixture
def mute_store(store, monkeypatch):
    """A store that is asked and does not answer before the test is over."""
    over = threading.Event()
    monkeypatch.setattr(store, "read", lambda _: over.wait(5))
    yield store
    over.set()


def test_a_store_that_is_mute_is_gone_at_the_deadline_of_asyncio(for_users, mute_store):
    client = InLoop(lambda: AsyncRecommenderClient("127.0.0.1:1", timeout_s=0.3))
    users = for_users(client, mute_store, UserClientSettings(popular_item_id=POPULAR))
    began = time.monotonic()
    answer = users.recommend("ann", 1)
    assert time.monotonic() - began < 1
    assert (answer.source, answer.state_version) == ("fallback", None)
    assert "this one did not within 0.3 s" in answer.reason
    with pytest.raises(UserStateError, match="raise timeout_s"):
        users.query_embedding("ann")
    client.close()
    client.stop()


def test_an_embedding_is_asked_for_once(users):
    users.record("ann", Event("apple", "view", NOW - 5))
    first = users.query_embedding("ann")
    assert first.tolist() == [1.0, 1.0]
    assert users.query_embedding("ann") is first
    assert users.embeddings.hits == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda users: users.record("ann", Event("bread", "view", NOW - 4)),
        lambda users: setattr(users.embeddings, "_max_age_s", -1.0),
    ],
    ids=["an event", "age"],
)
def test_an_embedding_that_may_have_changed_is_asked_for_again(users, change):
    first = users.query_embedding("ann")
    change(users)
    assert users.query_embedding("ann") is not first
    assert users.embeddings.hits == 0


def test_an_embedding_is_of_one_context(users):
    first = users.query_embedding("ann", context={"city": "Rome"})
    assert users.query_embedding("ann", context={"city": "Oslo"}) is not first
    assert users.query_embedding("ann", context={"city": "Rome"}) is first


def test_a_new_model_gives_new_embeddings(base_path, push, open_client, for_users, store):
    from serving.model_server.servables import load_servable
    from serving.model_server.server import ModelServer
    from serving.model_server.versions import ModelVersions

    push(1)
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
    server = ModelServer({"recommender": model}, "127.0.0.1", 0)
    users = for_users(open_client(f"127.0.0.1:{server.start()}"), store)
    assert users.query_embedding("ann").tolist() == [1.0, 0.0]
    push(2, model=2)
    model.poll()
    assert users.query_embedding("ann").tolist() == [1.0, 0.0]  # nobody has told yet
    assert users.recommend("ann", 1).model_version == 2
    assert users.query_embedding("ann").tolist() == [2.0, 0.0]
    server.stop(5)
