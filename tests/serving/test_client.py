"""The clients, blocking and of asyncio, against a real gRPC server in this process."""

from __future__ import annotations

import shutil
import socket

import pytest

from serving import contract
from serving.client import ServingError, VersionStatus
from serving.query import Query, Recommendation, SimilarItem

COLD = Query("nobody", 100)
WARM = Query(
    "ann",
    100,
    history_item_id=("apple", "bread"),
    history_event_type=("view", "view"),
    history_time=(10, 20),
    exclude_item_id=("dates",),
    features={"age": 30, "city": "Rome"},
)


@pytest.fixture
def client(served, open_client):
    return open_client(served)


def items(lists):
    return [[item.item_id for item in row] for row in lists]


def test_each_request_gets_its_own_list(client):
    lists = client.recommend([WARM, COLD], k=2)
    assert items(lists) == [["cheese", "eggs"], ["apple", "bread"]]
    assert lists[1][0] == Recommendation("apple", pytest.approx(0.9), 1.0)


def test_padding_is_dropped(client):
    everything = Query("u", 1, exclude_item_id=("apple", "bread", "cheese", "dates"))
    assert items(client.recommend([everything, COLD], k=5)) == [
        ["eggs"],
        ["apple", "bread", "cheese", "dates", "eggs"],
    ]


def test_rank_scores_the_candidates_in_the_order_given(client):
    scores = client.rank([WARM, COLD], [["eggs", "apple", "unknown"], ["bread"]])
    assert scores == [[pytest.approx(0.5), pytest.approx(0.9), 0.0], [pytest.approx(0.8)]]


def test_similar_items(client):
    assert client.similar_items(["apple", "eggs"], k=1) == [
        [SimilarItem("bread", pytest.approx(0.8))],
        [SimilarItem("apple", pytest.approx(0.9))],
    ]


def test_query_embedding_is_a_vector_for_each_request(client):
    embeddings = client.query_embedding([WARM, COLD])
    assert embeddings.tolist() == [[1.0, 2.0], [1.0, 0.0]]
    assert embeddings.dtype == "float32"


def test_what_is_excluded_has_no_part_in_scores_and_embeddings():
    # The signatures of the contract have no such input there.
    for question in (contract.rank([WARM], [["eggs"]]), contract.query_embedding([WARM])):
        assert "exclude_item_id" not in question.inputs
    assert "exclude_item_id" in contract.recommend([WARM], 1).inputs


def test_nothing_asked_is_nothing_answered(client):
    assert client.recommend([], 3) == []
    assert client.rank([], []) == []
    assert client.similar_items([], 3) == []


def test_status_and_signature(client):
    assert client.status() == [VersionStatus(7, "AVAILABLE", "")]
    assert {"user_id", "age", "city", "top_k"} <= set(client.signature())
    assert "candidate_item_id" in client.signature("rank")
    with pytest.raises(ServingError, match="has no signature 'rang'; it has"):
        client.signature("rang")


def refusal(call, *arguments):
    with pytest.raises(ServingError) as caught:
        call(*arguments)
    return caught.value.code, str(caught.value)


def test_a_server_that_is_down_is_told_with_the_way_out(open_client):
    code, text = refusal(open_client("127.0.0.1:1").recommend, [COLD], 3)
    assert code == "UNAVAILABLE"
    assert text.startswith("no model server answers at 127.0.0.1:1 (")
    assert "Start one with `sluice serve --port 1`" in text


def test_an_answer_that_takes_too_long_is_told(open_client):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        code, text = refusal(open_client(address, timeout_s=0.2).status)
    assert code == "DEADLINE_EXCEEDED"
    assert "did not answer within 0.2 s" in text


def test_an_unknown_model_is_told(served, open_client):
    code, text = refusal(open_client(served, "recomender").recommend, [COLD], 3)
    assert code == "NOT_FOUND"
    assert "Known: ['recommender']" in text


def test_what_the_server_refuses_is_passed_on(client):
    code, text = refusal(client.recommend, [Query("u", 1, features={"age": -1})], 3)
    assert code == "INVALID_ARGUMENT"
    assert f"{client.address} refused the call: signature 'recommend' refused" in text
    assert "age must not be negative" in text


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda c: c.recommend([COLD], 0), "k must be at least 1, received 0"),
        (lambda c: c.similar_items(["apple"], -1), "k must be at least 1, received -1"),
        (lambda c: c.rank([COLD], []), "received 0 lists for 1 requests"),
        (
            lambda c: c.recommend([Query("u", 1, features={"agee": 3})], 1),
            "the model has no input 'agee'",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is_sent(client, call, text):
    code, message = refusal(call, client)
    assert code == "INVALID_ARGUMENT"
    assert text in message


@pytest.fixture
def mixed(tmp_path, toy_models):
    """Two servers behind one address: one is yet to get version 2, which has a feature more."""
    from serving.model_server.servables import load_servable
    from serving.model_server.server import ModelServer
    from serving.model_server.versions import ModelVersions

    servers, ports = [], []
    for version, model in ((1, "1"), (2, "3")):
        base_path = tmp_path / f"server-{version}"
        shutil.copytree(toy_models / model, base_path / str(version))
        versions = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
        servers.append(ModelServer({"recommender": versions}, "127.0.0.1", 0))
        ports.append(servers[-1].start())
    yield "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    for server in servers:
        server.stop(5)


def test_servers_of_different_versions_are_each_asked_as_they_can_be(mixed, open_client):
    client = open_client(mixed)
    answered = {client.recommend([COLD], 1)[0][0].retrieval_score for _ in range(20)}
    assert answered <= {1.0, 3.0}
    knowing = Query("ann", 100, features={"device": "phone"})
    for _ in range(20):
        assert client.recommend([knowing], 1)[0][0].retrieval_score == 3.0
    with pytest.raises(ServingError, match="has no input 'devise'"):
        client.recommend([Query("ann", 100, features={"devise": "phone"})], 1)
    with pytest.raises(ServingError, match="age must not be negative"):
        client.recommend([Query("ann", 100, features={"age": -1})], 1)


def test_a_new_version_with_another_feature_is_answered_without_a_failed_call(
    base_path, push, open_client
):
    from serving.model_server.servables import load_servable
    from serving.model_server.server import ModelServer
    from serving.model_server.versions import ModelVersions

    push(1)
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
    server = ModelServer({"recommender": model}, "127.0.0.1", 0)
    client = open_client(f"127.0.0.1:{server.start()}")
    assert client.recommend([COLD], 1)[0][0].retrieval_score == 1.0
    push(2, model=3)
    model.poll()
    assert client.recommend([COLD], 1)[0][0].retrieval_score == 3.0
    assert "device" in client.signature()
    server.stop(5)
