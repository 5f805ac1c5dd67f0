"""A toy model with the signatures of the serving contract, servers on it, and their clients."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.loop.redis_server import RedisServer
from tests.serving.in_loop import InLoop

ITEMS = ("apple", "bread", "cheese", "dates", "eggs")


def build_model(path: Path, version: int, features: tuple[str, ...] = ("city",)) -> None:
    """Save a toy recommender, with a signature `slow` besides those of the contract.

    Items score 0.9, 0.8, ... in the order of ITEMS; what the history or the exclusions hold is
    left out; every `retrieval_score` is the version, so that a caller can tell who answered. The
    feature `age` below 0 is refused inside the graph. An embedding is the version and the length
    of the history.
    """
    import tensorflow as tf

    batch, matrix = [None], [None, None]
    query = {
        "user_id": tf.TensorSpec(batch, tf.string),
        "history_item_id": tf.TensorSpec(matrix, tf.string),
        "history_event_type": tf.TensorSpec(matrix, tf.string),
        "history_time": tf.TensorSpec(matrix, tf.int64),
        "exclude_item_id": tf.TensorSpec(matrix, tf.string),
        "request_time": tf.TensorSpec(batch, tf.int64),
        "age": tf.TensorSpec(batch, tf.float32),
        **{name: tf.TensorSpec(batch, tf.string) for name in features},
    }

    class Toy(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.items = tf.Variable(list(ITEMS))
            self.scores = tf.Variable([0.9 - 0.1 * i for i in range(len(ITEMS))])
            keys = tf.lookup.KeyValueTensorInitializer(list(ITEMS), list(range(len(ITEMS))))
            self.index = tf.lookup.StaticHashTable(keys, -1)

        def score(self, q: dict[str, Any]) -> Any:
            checked = tf.debugging.assert_equal(q["age"] < 0, False, "age must not be negative")
            with tf.control_dependencies([checked]):
                return tf.tile(self.scores[None], [tf.shape(q["user_id"])[0], 1])

    toy = Toy()

    @tf.function
    def recommend(top_k: Any, **q: Any) -> dict[str, Any]:
        hidden = tf.concat([q["history_item_id"], q["exclude_item_id"]], 1)
        gone = tf.reduce_sum(tf.one_hot(toy.index.lookup(hidden), len(ITEMS)), 1) > 0
        score, at = tf.math.top_k(tf.where(gone, -1.0, toy.score(q)), tf.minimum(top_k, len(ITEMS)))
        item_id = tf.where(score < 0, "", tf.gather(toy.items, at))
        return {
            "item_id": item_id,
            "score": tf.maximum(score, 0.0),
            "retrieval_score": tf.fill(tf.shape(score), float(version)),
        }

    @tf.function
    def rank(candidate_item_id: Any, **q: Any) -> dict[str, Any]:
        at = toy.index.lookup(candidate_item_id)
        known = tf.gather(toy.score(q), tf.maximum(at, 0), batch_dims=1)
        return {"score": tf.where(at < 0, 0.0, known)}

    @tf.function
    def similar_items(item_id: Any, top_k: Any) -> dict[str, Any]:
        other = tf.not_equal(item_id[:, None], toy.items[None])
        score, at = tf.math.top_k(tf.where(other, toy.scores[None], -1.0), top_k)
        return {"item_id": tf.gather(toy.items, at), "score": score}

    @tf.function
    def query_embedding(**q: Any) -> dict[str, Any]:
        seen = tf.reduce_sum(tf.cast(q["history_item_id"] != "", tf.float32), 1)
        return {"embedding": tf.stack([tf.fill(tf.shape(seen), float(version)), seen], 1)}

    @tf.function
    def slow(steps: Any) -> dict[str, Any]:
        step = tf.while_loop(lambda i: i < steps, lambda i: [i + 1], [0], parallel_iterations=1)
        return {"steps": step[0]}

    top_k = tf.TensorSpec([], tf.int32)
    tf.saved_model.save(
        toy,
        str(path),
        signatures={
            "recommend": recommend.get_concrete_function(top_k=top_k, **query),
            "rank": rank.get_concrete_function(
                candidate_item_id=tf.TensorSpec(matrix, tf.string), **query
            ),
            "similar_items": similar_items.get_concrete_function(
                item_id=tf.TensorSpec(batch, tf.string), top_k=top_k
            ),
            "query_embedding": query_embedding.get_concrete_function(
                **{name: spec for name, spec in query.items() if name != "exclude_item_id"}
            ),
            "slow": slow.get_concrete_function(steps=tf.TensorSpec([], tf.int32)),
        },
    )


@pytest.fixture(params=["blocking", "asyncio"])
def open_client(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Opens clients, which are closed at the end: blocking ones, then those of asyncio."""
    from serving.aio_client import AsyncRecommenderClient
    from serving.client import RecommenderClient

    opened: list[Any] = []

    def connect(*args: Any, **kwargs: Any) -> Any:
        if request.param == "blocking":
            opened.append(RecommenderClient(*args, **kwargs))
        else:
            opened.append(InLoop(lambda: AsyncRecommenderClient(*args, **kwargs)))
        return opened[-1]

    yield connect
    for client in opened:
        client.close()
        if isinstance(client, InLoop):
            client.stop()


@pytest.fixture
def for_users() -> Callable[..., Any]:
    """Makes the client of users that belongs to a client of the model."""
    from serving.aio_user_client import AsyncUserClient
    from serving.user_client import UserClient

    def connect(client: Any, *args: Any) -> Any:
        if isinstance(client, InLoop):
            return client.beside(AsyncUserClient(client.inner, *args))
        return UserClient(client, *args)

    return connect


@pytest.fixture(scope="session")
def toy_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with toy models 1 and 2, and 3 with one feature more. Not to be written to."""
    folder = tmp_path_factory.mktemp("toy_models")
    for version in (1, 2):
        build_model(folder / str(version), version)
    build_model(folder / "3", 3, features=("city", "device"))
    return folder


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    """An empty base path."""
    path = tmp_path / "recommender"
    path.mkdir()
    return path


@pytest.fixture
def push(toy_models: Path, base_path: Path) -> Callable[..., Path]:
    """Publishes toy model 1, 2 or 3 in one step, as a pusher must: `push(as_version, model)`."""

    def publish(as_version: int, model: int = 1) -> Path:
        staging = base_path / f".staging-{as_version}"
        shutil.copytree(toy_models / str(model), staging)
        return staging.rename(base_path / str(as_version))

    return publish


@pytest.fixture(scope="module")
def served(toy_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server in this process, with toy model 1 as version 7."""
    from serving.model_server.servables import load_servable
    from serving.model_server.server import ModelServer
    from serving.model_server.versions import ModelVersions

    base_path = tmp_path_factory.mktemp("served")
    shutil.copytree(toy_models / "1", base_path / "7")
    model = ModelVersions("recommender", base_path, load_servable, poll_seconds=0)
    server = ModelServer({"recommender": model}, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.start()}"
    server.stop(5)


def build_scorer(path: Path) -> None:
    """Save a model of one number `x`: classes of the scores x and 1 - x, values x and 2 x."""
    import tensorflow as tf

    text = tf.TensorSpec([None], tf.string, name="inputs")
    features = {"x": tf.io.FixedLenFeature([], tf.float32, 0.0)}

    def x(inputs: Any) -> Any:
        return tf.io.parse_example(inputs, features)["x"]

    @tf.function(input_signature=[text])
    def both(inputs: Any) -> Any:
        scores = tf.stack([x(inputs), 1 - x(inputs)], 1)
        labels = tf.tile(tf.constant([["yes", "no"]]), [tf.shape(inputs)[0], 1])
        return {"classes": labels, "scores": scores}

    @tf.function(input_signature=[text])
    def scores_only(inputs: Any) -> Any:
        return {"scores": both(inputs)["scores"]}

    @tf.function(input_signature=[text])
    def regress(inputs: Any) -> Any:
        return {"outputs": x(inputs)}

    @tf.function(input_signature=[text])
    def twice(inputs: Any) -> Any:
        return {"outputs": 2 * x(inputs)[:, None]}

    @tf.function(input_signature=[text])
    def one_for_all(inputs: Any) -> Any:
        return {"outputs": tf.reduce_sum(x(inputs), keepdims=True)}

    @tf.function(input_signature=[text])
    def other_name(inputs: Any) -> Any:
        return {"value": x(inputs)}

    @tf.function(input_signature=[text])
    def whole(inputs: Any) -> Any:
        return {"outputs": tf.cast(x(inputs), tf.int32)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="inputs")])
    def numbers(inputs: Any) -> Any:
        return {"outputs": inputs}

    tf.saved_model.save(
        tf.Module(),
        str(path),
        signatures={
            "serving_default": regress,
            "both": both,
            "scores_only": scores_only,
            "twice": twice,
            "one_for_all": one_for_all,
            "other_name": other_name,
            "whole": whole,
            "numbers": numbers,
        },
    )


@pytest.fixture(scope="session")
def scorer_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model on tf.Examples that classifies and regresses. Not to be written to."""
    path = tmp_path_factory.mktemp("scorer_model") / "1"
    build_scorer(path)
    return path


def start_redis(folder):
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not on PATH: run scripts/install_redis.sh")
    return RedisServer(folder, "always")


@pytest.fixture
def redis_server(tmp_path):
    """A Redis server for one test, to do with as it likes."""
    server = start_redis(tmp_path)
    yield server
    server.kill()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    server = start_redis(tmp_path_factory.mktemp("redis"))
    yield server.url
    server.kill()
