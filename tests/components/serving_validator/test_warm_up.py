import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from components.serving_validator.calls import ContractError
from components.serving_validator.warm_up import write_warm_up
from serving.query import Query

QUERY = {
    "user_id": tf.string,
    "history_item_id": tf.string,
    "history_event_type": tf.string,
    "history_time": tf.int64,
    "request_time": tf.int64,
    "age": tf.float32,
}


def _declared(**dtypes):
    info = tf.compat.v1.saved_model.build_tensor_info
    return {
        name: info(tf.compat.v1.placeholder(dtype, name=name)) for name, dtype in dtypes.items()
    }


@pytest.fixture
def declared():
    with tf.Graph().as_default():
        recommend = _declared(**QUERY, exclude_item_id=tf.string, top_k=tf.int32)
        rank = _declared(**QUERY, candidate_item_id=tf.string)
        return {"recommend": recommend, "rank": rank}


QUERIES = [
    Query("u1", 9, ("a", "b"), ("view", "view"), (1, 2), features={"age": 31.0}),
    Query("u2", 9),
]


def _requests(path):
    records = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    return [log.predict_log.request for log in logs]


def test_a_few_batch_sizes_and_both_signatures(tmp_path, declared):
    assert write_warm_up(tmp_path / "requests", QUERIES, declared) == 4
    requests = _requests(tmp_path / "requests")
    assert [r.model_spec.signature_name for r in requests] == ["recommend"] * 3 + ["rank"]
    assert {r.model_spec.name for r in requests} == {"recommender"}
    users = [tf.make_ndarray(r.inputs["user_id"]) for r in requests]
    assert [len(u) for u in users] == [1, 8, 32, 1]
    assert users[1].tolist() == [b"u1", b"u2"] * 4
    assert set(requests[0].inputs) == {*QUERY, "exclude_item_id", "top_k"}
    ages = tf.make_ndarray(requests[1].inputs["age"])
    assert ages.dtype == "float32"
    assert ages[0] == 31.0
    assert np.isnan(ages[1])


def test_the_same_requests_are_the_same_bytes(tmp_path, declared):
    for name in ("first", "second"):
        write_warm_up(tmp_path / name, QUERIES, declared)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_histories_may_all_be_empty(tmp_path, declared):
    write_warm_up(tmp_path / "requests", QUERIES[1:], declared)
    assert len(_requests(tmp_path / "requests")) == 4


def test_a_model_without_the_signature_is_refused(tmp_path, declared):
    with pytest.raises(ContractError, match=r"has a signature 'rank'\. Received: a model with rec"):
        write_warm_up(tmp_path / "requests", QUERIES, {"recommend": declared["recommend"]})
