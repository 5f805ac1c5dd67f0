"""Warm-up requests are replayed before a version is available, and a failing one stops it."""

from __future__ import annotations

import logging
import threading
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.model_server.batch_threads import nothing
from serving.model_server.batching import Batcher
from serving.model_server.batching_config import Batching
from serving.model_server.servables import load_servable
from serving.model_server.warmup import MAX_RECORDS, WARM_UP_FILE, WarmUpError, warm_up

anything = types.SimpleNamespace(run=lambda *run: None)


def write_records(version_path, records):
    path = version_path / WARM_UP_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path


def record(request):
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(request)
    return log.SerializeToString()


def test_every_request_is_replayed_in_order(tmp_path, inputs, request_for):
    requests = [request_for(inputs(), signature) for signature in ("recommend", "rank", "")]
    requests[1].output_filter.append("score")
    write_records(tmp_path, map(record, requests))
    ran = []
    remember = types.SimpleNamespace(run=lambda *run: ran.append(run))
    assert warm_up(tmp_path, remember) == 3
    assert [(name, list(filtered)) for name, _, filtered in ran] == [
        ("recommend", []),
        ("rank", ["score"]),
        ("", []),
    ]
    assert set(ran[0][1]) == set(inputs())


def test_a_warm_up_takes_no_call_s_place_in_the_batches(push, inputs, request_for):
    path = push(1)
    write_records(path, [record(request_for(inputs()))])
    batcher = Batcher(Batching(num_batch_threads=1))
    begun, over = threading.Event(), threading.Event()

    def compute(answer_before):
        answer_before()
        begun.set()
        assert over.wait(60)
        return nothing

    batcher._threads.submit(compute)  # a batch of the old version
    assert begun.wait(60)
    with ThreadPoolExecutor(1) as loader:
        loader.submit(load_servable, path, 1, batcher).result(timeout=60).close()
    over.set()


def test_without_requests_each_signature_is_compiled_before_the_version_serves(
    push, request_for, inputs
):
    servable = load_servable(push(1), 1)
    asked = ("query_embedding", "rank", "recommend", "similar_items", "slow")
    assert sorted(key[0] for key in servable._callables) == list(asked)
    compiled = dict(servable._callables)
    servable.run("recommend", request_for(inputs()).inputs)
    assert servable._callables == compiled
    servable.close()


def test_a_file_without_requests_asks_for_nothing(push):
    path = push(1)
    write_records(path, [])
    servable = load_servable(path, 1)
    assert servable._callables == {}
    servable.close()


def test_a_model_may_refuse_what_it_is_warmed_up_with(tmp_path, caplog):
    """And inputs of a fixed size, a free rank or a type of their own are asked as they are."""

    @tf.function(input_signature=[
        tf.TensorSpec([2, None], tf.float32, name="x"),
        tf.TensorSpec(None, tf.bool, name="any"),
        tf.TensorSpec([], tf.int64, name="k"),
    ])  # fmt: skip
    def f(x, any, k):
        with tf.control_dependencies([tf.debugging.assert_greater(k, tf.constant(5, tf.int64))]):
            return {"y": tf.identity(x)}

    tf.saved_model.save(tf.Module(), str(tmp_path / "1"), signatures=f)
    with caplog.at_level(logging.INFO):
        servable = load_servable(tmp_path / "1", 1)
    assert "signature 'serving_default' is not warmed up" in caplog.text
    big = {"x": tf.zeros([2, 3]), "any": tf.constant(True), "k": tf.constant(6, tf.int64)}
    protos = {name: tf.make_tensor_proto(value) for name, value in big.items()}
    assert servable.run("", protos)["y"].shape == (2, 3)
    servable.close()


def test_loading_replays_the_requests(push, inputs, request_for, caplog):
    path = push(1)
    write_records(path, [record(request_for(inputs(rows=rows))) for rows in (1, 2)])
    with caplog.at_level(logging.INFO):
        load_servable(path, 1).close()
    assert "version 1: 2 warm-up requests in" in caplog.text


def test_a_request_the_model_refuses_keeps_the_version_from_serving(push, inputs, request_for):
    path = push(1)
    bad = {**inputs(), "age": np.full(1, -1, np.float32)}
    write_records(path, [record(request_for(inputs())), record(request_for(bad))])
    with pytest.raises(WarmUpError, match=r"record 2 of .* was not answered: .*age must not"):
        load_servable(path, 1)


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ([b"\xff\xff"], "record 1 of .* must be a PredictionLog"),
        ([b""], r"record 1 of .* must hold one of predict_log, .*it holds nothing"),
        ([b"\x2a\x00"], "multi_inference_log, it holds session_run_log"),
    ],
)
def test_a_malformed_record_is_named(tmp_path, records, text):
    write_records(tmp_path, records)
    with pytest.raises(WarmUpError, match=text):
        warm_up(tmp_path, anything)


def test_a_file_that_is_no_tfrecord_is_named(tmp_path):
    write_records(tmp_path, []).write_bytes(b"not a TFRecord file at all")
    with pytest.raises(WarmUpError, match="must be a TFRecord file of PredictionLog"):
        warm_up(tmp_path, anything)


def test_the_limit_of_tensorflow_serving_holds(tmp_path, inputs, request_for):
    one = record(request_for(inputs()))
    write_records(tmp_path, [one] * MAX_RECORDS)
    assert warm_up(tmp_path, anything) == MAX_RECORDS
    write_records(tmp_path, [one] * (MAX_RECORDS + 1))
    with pytest.raises(WarmUpError, match="may hold at most 1000 requests"):
        warm_up(tmp_path, anything)
