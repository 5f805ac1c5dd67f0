"""Joining concurrent requests: the same answers as without, and what happens under load."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import tensorflow as tf

from serving.model_server.batching import Batcher
from serving.model_server.batching_config import Batching, read_batching
from serving.model_server.errors import RequestError, StartError, invalid_argument
from serving.model_server.servables import Servable
from serving.model_server.signatures import Signature, TensorSpec
from tests.waiting import wait_until


def spec(*shape):
    return TensorSpec("x:0", tf.float32.as_datatype_enum, shape)


TWICE = Signature("twice", {"x": spec(-1, -1), "k": spec()}, {"y": spec(-1, -1)}, {})
WAIT_S = 1.0  # long enough for the other threads to come, where nothing says that they have
FOREVER_S = 60.0  # where a batch must not be computed before it is full


class Model:
    """y = 2 x, while it is open; refuses negative numbers; remembers the shapes it was given."""

    def __init__(self, **options):
        self.shapes = []
        self.running = self.most_at_once = self.asked = 0
        self.opened = threading.Event()
        self.opened.set()
        self._lock = threading.Lock()
        self.submit = Batcher(Batching(**options)).batched(self._execute)

    def _execute(self, signature, feeds, fetches):
        with self._lock:
            self.shapes.append(feeds[0].shape)
            self.running += 1
            self.most_at_once = max(self.most_at_once, self.running)
        assert self.opened.wait(60)
        with self._lock:
            self.running -= 1
        if (feeds[0] < 0).any():
            raise invalid_argument("negative")
        return {"y": 2 * feeds[0]}

    def ask(self, value, rows=1, length=1, k=0.0, signature=TWICE):
        with self._lock:
            self.asked += 1
        feeds = [np.full((rows, length), value, np.float32), np.float32(k)]
        return self.submit(signature, [np.asarray(array) for array in feeds], ["y"]).result()["y"]

    def ask_all(self, *arguments, **options):
        """Each in its own thread; an error in place of its answer."""

        def one(value):
            try:
                return self.ask(value, **options) if np.isscalar(value) else self.ask(**value)
            except RequestError as error:
                return error

        with ThreadPoolExecutor(len(arguments)) as pool:
            return list(pool.map(one, arguments))


def test_requests_that_come_together_are_computed_at_once_and_each_has_its_own_answer():
    model = Model(batch_timeout_s=WAIT_S)
    answers = model.ask_all(1.0, 2.0, 3.0, rows=2)
    assert [answer.tolist() for answer in answers] == [[[2 * v]] * 2 for v in (1.0, 2.0, 3.0)]
    assert model.shapes == [(6, 1)]


def test_without_a_timeout_an_idle_server_answers_at_once_and_a_busy_one_joins():
    model = Model(num_batch_threads=1)
    assert model.ask(9.0).item() == 18.0
    model.opened.clear()
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(model.ask, 0.0)
        wait_until(lambda: model.running == 1)
        others = [pool.submit(model.ask, float(value)) for value in range(1, 8)]
        wait_until(lambda: model.asked == 9)
        opened = model.submit.__self__._open  # from asking to joining it is a step
        wait_until(lambda: sum(batch.rows for batch in list(opened.values())) == 7)
        model.opened.set()
    assert [future.result().item() for future in (first, *others)] == [2.0 * v for v in range(8)]
    assert model.shapes == [(1, 1), (1, 1), (7, 1)]
    assert model.most_at_once == 1


def test_a_full_batch_does_not_wait():
    model = Model(batch_timeout_s=FOREVER_S, max_batch_size=3)
    started = time.monotonic()
    model.ask_all(1.0, 2.0, 3.0)
    assert time.monotonic() - started < FOREVER_S
    assert model.shapes == [(3, 1)]


def test_no_batch_is_larger_than_allowed():
    model = Model(batch_timeout_s=WAIT_S, max_batch_size=5)
    answers = model.ask_all(*[1.0, 2.0, 3.0, 4.0], rows=2)
    assert [answer[0, 0] for answer in answers] == [2.0, 4.0, 6.0, 8.0]
    assert model.shapes == [(4, 1), (4, 1)]


def test_requests_of_different_scalars_or_lengths_are_not_joined():
    model = Model(batch_timeout_s=0.1)
    asked = [{"value": 1.0, "k": 1.0}, {"value": 1.0, "k": 2.0}, {"value": 1.0, "length": 3}]
    answers = model.ask_all(*asked)
    assert [answer.shape for answer in answers] == [(1, 1), (1, 1), (1, 3)]
    assert sorted(model.shapes) == [(1, 1), (1, 1), (1, 3)]


def test_different_lengths_are_joined_where_the_parameters_say_so():
    model = Model(batch_timeout_s=FOREVER_S, max_batch_size=2, pad_variable_length_inputs=True)
    model.ask_all({"value": 1.0, "length": 3}, {"value": 2.0, "length": 1})
    assert model.shapes == [(2, 3)]


def test_batches_are_padded_to_the_next_allowed_size_which_no_answer_shows():
    model = Model(batch_timeout_s=WAIT_S, allowed_batch_sizes=(4, 8), max_batch_size=8)
    answers = model.ask_all(1.0, 2.0, 3.0)
    assert model.shapes == [(4, 1)]
    assert [answer.tolist() for answer in answers] == [[[2.0]], [[4.0]], [[6.0]]]


def test_a_request_that_is_refused_does_not_fail_the_others():
    model = Model(batch_timeout_s=FOREVER_S, max_batch_size=3)
    good, bad, also = model.ask_all(1.0, -1.0, 3.0)
    assert (good.item(), bad.message, also.item()) == (2.0, "negative", 6.0)


def test_a_full_queue_sheds_and_recovers():
    model = Model(num_batch_threads=1, max_batch_size=1, max_enqueued_batches=2)
    model.opened.clear()
    with ThreadPoolExecutor(6) as pool:
        futures = [pool.submit(model.ask, float(value)) for value in range(6)]
        wait_until(lambda: sum(future.done() for future in futures) >= 3)
        model.opened.set()
    shed = [future.exception() for future in futures if future.exception()]
    assert 3 <= len(shed) <= 4  # two wait, and the first of them may be computed meanwhile
    assert {error.code for error in shed} == {grpc.StatusCode.UNAVAILABLE}
    assert "queue of signature 'twice' is full: 2 batches wait" in shed[0].message
    assert model.ask(4.0).item() == 8.0


def test_a_request_larger_than_a_batch_is_refused_or_split():
    with pytest.raises(RequestError, match="at most max_batch_size = 3 rows, received 7"):
        Model(max_batch_size=3).ask(1.0, rows=7)
    model = Model(max_batch_size=3, split_size=3)
    assert model.ask(1.0, rows=7).shape == (7, 1)
    assert model.shapes == [(3, 1), (3, 1), (1, 1)]


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ({"x": spec(-1, -1), "k": spec()}, {"y": spec()}),
        ({"x": spec(4, -1), "k": spec()}, {"y": spec(-1, -1)}),
        ({"x": TensorSpec("x:0", 1, None), "k": spec()}, {"y": spec(-1, -1)}),
    ],
)
def test_what_has_no_rows_is_computed_alone(inputs, outputs):
    model = Model(batch_timeout_s=0.1)
    model.ask_all(1.0, 2.0, signature=Signature("s", inputs, outputs, {}))
    assert model.shapes == [(1, 1), (1, 1)]


def test_outputs_that_turn_out_to_have_no_rows_are_computed_alone_from_then_on(caplog):
    model = Model(batch_timeout_s=FOREVER_S, max_batch_size=2)
    execute = model.submit.__self__._execute
    model.submit.__self__._execute = lambda *a: {"y": execute(*a)["y"].sum(keepdims=True)}
    assert [answer.item() for answer in model.ask_all(1.0, 2.0)] == [2.0, 4.0]
    assert [answer.item() for answer in model.ask_all(1.0, 2.0)] == [2.0, 4.0]
    assert model.shapes == [(2, 1), (1, 1), (1, 1), (1, 1), (1, 1)]
    assert caplog.text.count("not batched") == 1


def test_an_error_of_the_server_reaches_every_caller():
    model = Model(batch_timeout_s=FOREVER_S, max_batch_size=3)

    def fail(*arguments):
        raise ZeroDivisionError

    model.submit.__self__._execute = fail
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(model.ask, 1.0) for _ in range(3)]
    assert [type(future.exception()) for future in asked] == [ZeroDivisionError] * 3


@pytest.fixture
def mixed(inputs):
    """Requests of different users, history lengths, k, rows and signatures."""
    rng = np.random.default_rng(5)
    items = ["apple", "bread", "cheese", "dates", "eggs", ""]
    requests = []
    for at in range(60):
        rows, length = int(rng.integers(1, 4)), int(rng.integers(1, 5))
        request = inputs(rows=rows, k=int(rng.integers(1, 4)))
        request["history_item_id"] = rng.choice(items, (rows, length)).astype(object)
        request["history_event_type"] = np.full((rows, length), "view", dtype=object)
        request["history_time"] = np.zeros((rows, length), np.int64)
        if at % 10 == 3:
            request["age"] = np.full(rows, -1, np.float32)  # refused inside the graph
        signature = "recommend" if at % 3 else "rank"
        if signature == "rank":
            del request["top_k"]
            request["candidate_item_id"] = rng.choice(items, (rows, 2)).astype(object)
        protos = {name: tf.make_tensor_proto(value) for name, value in request.items()}
        requests.append((signature, protos))
    return requests


def answer(servable, request):
    try:
        return {name: array.tolist() for name, array in servable.run(*request).items()}
    except RequestError as error:
        return error.code, error.message


@pytest.mark.parametrize("pad", [True, False])
def test_a_model_gives_the_same_answers_with_and_without_batching(toy_models, mixed, pad):
    plain = Servable(toy_models / "1", 1)
    expected = [answer(plain, request) for request in mixed]
    batcher = Batcher(
        Batching(
            batch_timeout_s=0.01,
            num_batch_threads=2,
            allowed_batch_sizes=(2, 4, 16),
            max_batch_size=16,
            max_enqueued_batches=1000,
            pad_variable_length_inputs=pad,
        )
    )
    batched = Servable(toy_models / "1", 1)
    batched.join_requests(batcher)
    runs, execute = [], batched._callable
    batched._callable = lambda *key: runs.append(key) or execute(*key)
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda request: answer(batched, request), mixed))
    assert got == expected
    assert sum(isinstance(one, tuple) for one in expected) == 6
    if pad:  # without padding few of these fit together
        assert len(runs) < 0.8 * len(mixed)
    plain.close()
    batched.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_batch_size: 3", "Expected"),
        ("max_batch { value: 3 }", 'no field named "max_batch"'),
        ("max_batch_size { value: 0 }", "max_batch_size in .* must be at least 1, received 0"),
        ("batch_timeout_micros { value: -1 }", "must be at least 0, received -1"),
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: 4",
            r"end with the largest batch, 8; received \[4\]",
        ),
        ("max_batch_size { value: 4 } allowed_batch_sizes: [4, 2]", r"received \[4, 2\]"),
        ("allowed_batch_sizes: [0, 1000]", r"received \[0, 1000\]"),
    ],
)
def test_wrong_parameters_are_told(tmp_path, text, said):
    file = tmp_path / "batching.txtpb"
    file.write_text(text)
    with pytest.raises(StartError, match=said):
        read_batching(file)


def test_the_parameters_are_read_and_have_the_defaults_of_tensorflow_serving(tmp_path):
    file = tmp_path / "batching.txtpb"
    file.write_text("")
    assert read_batching(file) == Batching()
    file.write_text(
        "max_batch_size { value: 8 } batch_timeout_micros { value: 1500 } "
        "max_enqueued_batches { value: 3 } num_batch_threads { value: 5 } "
        "thread_pool_name { value: 'x' } allowed_batch_sizes: [2, 4] "
        "pad_variable_length_inputs: true enable_large_batch_splitting { value: true } "
        "max_execution_batch_size { value: 4 }"
    )
    assert read_batching(file) == Batching(4, 0.0015, 3, 5, (2, 4), True, 4)


def test_a_large_request_whose_pieces_outnumber_the_queue_is_answered():
    model = Model(max_batch_size=2, split_size=2, max_enqueued_batches=1, num_batch_threads=1)
    assert model.ask(1.0, rows=9).shape == (9, 1)
    assert model.shapes == [(2, 1)] * 4 + [(1, 1)]


def test_a_large_request_with_a_bad_piece_is_refused_and_no_further_piece_computed():
    model = Model(max_batch_size=2, split_size=2)
    values = np.array([[1.0], [1.0], [-1.0], [1.0], [1.0], [1.0]], np.float32)
    with pytest.raises(RequestError, match="negative"):
        model.submit(TWICE, [values, np.asarray(np.float32(0))], ["y"]).result()
    assert model.shapes == [(2, 1), (2, 1)]


def test_a_batch_that_nobody_waits_for_does_not_cost_the_answers_of_the_one_before():
    model = Model(num_batch_threads=1)
    feeds = [np.ones((1, 1), np.float32), np.asarray(np.float32(0))]
    model.opened.clear()
    first = model.submit(TWICE, feeds, ["y"])
    wait_until(lambda: model.running == 1)
    given_up = model.submit(TWICE, feeds, ["y"])
    assert given_up.cancel()
    model.opened.set()
    assert first.result(WAIT_S * 60)["y"] == 2.0
    assert len(model.shapes) == 1
