"""The REST API over real HTTP."""

from __future__ import annotations

import gzip
import json

import pytest

MODEL = "/v1/models/recommender"


def columns(k=2, **change):
    return {
        "user_id": ["u"],
        "history_item_id": [["apple"]],
        "history_event_type": [["view"]],
        "history_time": [[0]],
        "exclude_item_id": [[""]],
        "request_time": [0],
        "age": [1.5],
        "city": [{"b64": "QmVybGlu"}],
        "top_k": k,
        **change,
    }


def recommend(**change):
    return {"signature_name": "recommend", "inputs": columns(**change)}


def rows(count=1):
    row = {name: value[0] for name, value in columns().items() if name != "top_k"}
    row["candidate_item_id"] = ["bread", "none"]
    return {"signature_name": "rank", "instances": [row] * count}


def test_columns_in_columns_out(rest):
    status, answer = rest.predict(recommend())
    assert status == 200
    assert answer == {
        "outputs": {
            "item_id": [["bread", "cheese"]],
            "score": [[0.8, 0.7]],  # as short as a float32 can be written
            "retrieval_score": [[1.0, 1.0]],
        }
    }


def test_rows_in_rows_out(rest):
    status, answer = rest.predict(rows(2))
    assert status == 200
    assert answer == {"predictions": [[0.8, 0.0], [0.8, 0.0]]}  # one output: its bare values


def test_a_single_input_needs_no_name(rest):
    assert rest.predict({"signature_name": "slow", "inputs": 3}) == (200, {"outputs": 3})


@pytest.mark.parametrize("path", ["/versions/7", "/labels/stable", ""])
def test_a_version_and_a_label_can_be_named(rest, path):
    assert rest.json("POST", f"{MODEL}{path}:predict", recommend())[0] == 200
    assert rest.json("GET", f"{MODEL}{path}")[0] == 200


def test_paths_are_read_whatever_their_case_and_encoding(rest):
    assert rest.json("POST", "/V1/Models/recommender:PREDICT", recommend())[0] == 200
    assert rest.json("GET", "/v1/models/%72ecommender")[0] == 200


@pytest.mark.parametrize("call", ["classify", "regress"])
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"examples": [{"f": [1.5, 10**400]}]}, "feature 'f' must hold strings"),
        ({"examples": [{"\ud800": [1.5]}]}, "feature '\\ud800' must hold"),
        ({"examples": [{"f": 1}], "signature_name": "\ud800"}, "must be a string, received"),
    ],
)
def test_examples_that_do_not_fit_are_refused_with_the_rule(rest, call, body, text):
    status, answer = rest.json("POST", f"{MODEL}:{call}", body)
    assert (status, list(answer)) == (400, ["error"])
    assert text in answer["error"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_is_not_encoded_as_it_says_is_refused(rest, encoding):
    body = json.dumps(recommend()).encode()
    headers = {"Content-Encoding": encoding}
    status, kind, answer = rest.send("POST", f"{MODEL}:predict", body, headers)
    assert (status, kind.partition(";")[0]) == (400, "application/json")
    assert f"received Content-Encoding '{encoding}'" in json.loads(answer)["error"]


def test_a_compressed_body_is_read(rest):
    body = gzip.compress(json.dumps(recommend()).encode())
    status, _, answer = rest.send("POST", f"{MODEL}:predict", body, {"Content-Encoding": "gzip"})
    assert (status, "outputs" in json.loads(answer)) == (200, True)


def test_status_is_told_as_by_tensorflow_serving(rest):
    assert rest.json("GET", MODEL) == (
        200,
        {
            "model_version_status": [
                {
                    "version": "7",
                    "state": "AVAILABLE",
                    "status": {"error_code": "OK", "error_message": ""},
                }
            ]
        },
    )


def test_metadata_describes_the_signatures(rest):
    status, answer = rest.json("GET", f"{MODEL}/metadata")
    assert status == 200
    assert answer["model_spec"] == {"name": "recommender", "signature_name": "", "version": "7"}
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    age = signatures["recommend"]["inputs"]["age"]
    assert age["dtype"] == "DT_FLOAT"
    assert age["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/v1/models/none", 404, "Known: ['recommender']"),
        ("GET", f"{MODEL}/versions/8", 404, "Could not find version 8"),
        ("GET", f"{MODEL}/labels/none", 400, "Unrecognized servable version label: 'none'"),
        ("GET", "/v1/models", 400, "Malformed request: GET /v1/models."),
        ("GET", "/", 400, "Malformed request: GET /."),
        ("PUT", MODEL, 400, "Malformed request: PUT"),
        ("POST", f"{MODEL}:explain", 400, "Malformed request: POST"),
        ("POST", f"{MODEL}/versions/x:predict", 400, "Malformed request"),
        ("POST", f"{MODEL}/versions/99999999999999999999:predict", 400, "Malformed request"),
        ("GET", "/v1/models/../../../../etc/passwd", 400, "Malformed request"),
        ("GET", "/v1/models/..%2F..%2Fetc%2Fpasswd", 404, "'../../etc/passwd'. Known"),
        ("GET", "/v1/models/%00", 404, "Known"),
    ],
)
def test_other_paths_are_refused(rest, method, path, status, text):
    got, answer = rest.json(method, path)
    assert got == status
    assert text in answer["error"]


def without(name):
    inputs = columns()
    del inputs[name]
    return {"signature_name": "recommend", "inputs": inputs}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "JSON Parse error"),
        (b"{", "JSON Parse error"),
        (b"\xff", "JSON Parse error"),
        (b"[" * 100_000, "JSON Parse error: maximum recursion depth"),
        (b'{"inputs": ' + b"9" * 5000 + b"}", "JSON Parse error: Exceeds the limit"),
        ([], "the body must be a JSON object, received []"),
        ({}, "either 'instances' (a list of rows) or 'inputs' (columns); received the keys []"),
        ({"inputs": 1, "instances": [1]}, "received the keys ['inputs', 'instances']"),
        ({"inputs": 1, "signature_name": 7}, "'signature_name' must be a string, received 7"),
        ({"inputs": 1, "signature_name": "\ud800"}, "must be a string, received \"\\ud800\""),
        ({"inputs": 1, "signature_name": "none"}, "Serving signature key 'none' not found"),
        ({"inputs": 1, "signature_name": "rank"}, "has 9 inputs, so each value must name its own"),
        ({"instances": []}, "'instances' must be a list of at least one row, received []"),
        (
            {"instances": [{"a": 1}, {"b": 1}], "signature_name": "rank"},
            "instance 0 names ['a'], instance 1 is {\"b\": 1}",
        ),
        ({"instances": [{"a": 1}, 2], "signature_name": "rank"}, "instance 1 is 2"),
        (without("age"), "Missing but required: {age}"),
        (recommend(colour=1), "signature 'recommend' has no input 'colour'"),
        (recommend(age=["old"]), "input 'age' must be float32 [?], received \"old\""),
        (recommend(age=[True]), "input 'age' must be float32 [?], received true"),
        (recommend(age=[10**400]), "input 'age' must be float32 [?], received"),
        (recommend(age=[1e39]), "received 1e+39, which is too large"),
        (recommend(age=[None]), "input 'age' must be float32 [?], received nothing"),
        (recommend(age=1.0), "must be float32 [?], received shape []"),
        (recommend(age=[-1.0]), "refused the request: assertion failed: [age must not be"),
        (recommend(k=2**31), "input 'top_k' must be int32 [], received 2147483648"),
        (recommend(k=1.5), "input 'top_k' must be int32 [], received 1.5"),
        (recommend(user_id=[7]), "input 'user_id' must be string [?], received 7"),
        (recommend(user_id=[{"b64": "?"}]), "which is not base64"),
        (recommend(user_id=[{"b64": 3}]), "must be string [?], received {\"b64\": 3}"),
        (
            recommend(history_time=[[1, 2], [3]]),
            "lists at one level have the same size: at level 1 expected 2 values, received [3]",
        ),
        (recommend(history_time=[[1], 2]), "at level 1 expected 1 values, received 2"),
        (recommend(history_time=[1, [2]]), "received [2]"),
    ],
)  # fmt: skip
def test_bodies_that_do_not_fit_are_refused_with_the_rule(rest, body, text):
    status, answer = rest.predict(body)
    assert status == 400
    assert text in answer["error"]
    assert list(answer) == ["error"]
    assert len(answer["error"]) < 2000


def test_rows_with_a_scalar_output_are_told_to_ask_by_columns(rest):
    status, answer = rest.predict({"signature_name": "slow", "instances": [1]})
    assert (status, "must be int32 [], received shape [1]" in answer["error"]) == (400, True)


def test_a_body_beyond_the_limit_is_refused(rest):
    body = b'{"inputs": "' + b"x" * 2**20 + b'"}'
    assert rest.json("POST", f"{MODEL}:predict", body) == (
        413,
        {"error": "a body may have at most 1048576 bytes"},
    )
    bomb = gzip.compress(b" " * 2**24)
    assert len(bomb) < 2**20
    status, _, answer = rest.send("POST", f"{MODEL}:predict", bomb, {"Content-Encoding": "gzip"})
    assert (status, "at most" in json.loads(answer)["error"]) == (413, True)


def test_metrics_have_the_names_of_tensorflow_serving(rest):
    rest.predict(recommend())
    rest.predict(recommend(age=[-1.0]))
    rest.predict(recommend(), model="never/../ending")
    rest.predict(recommend(), model="neverending")
    status, kind, text = rest.send("GET", "/monitoring/prometheus/metrics")
    lines = text.decode().splitlines()
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "# TYPE :tensorflow:serving:request_count counter" in lines
    assert "# TYPE :tensorflow:serving:request_latency histogram" in lines
    runtime = ':tensorflow:serving:runtime_latency_count{API="Predict",model_name="recommender"'
    assert any(line.startswith(f'{runtime},runtime="TF1"}}') for line in lines)
    sample = ':tensorflow:serving:request_count{model_name="recommender",status="%s"} '
    for code in ("OK", "INVALID_ARGUMENT"):
        (count,) = [line for line in lines if line.startswith(sample % code)]
        assert float(count.split()[-1]) >= 1
    latency = ':tensorflow:serving:request_latency_bucket{API="Predict",entrypoint="REST",le="+Inf"'
    assert [line for line in lines if line.startswith(latency)]
    assert "neverending" not in text.decode()  # callers cannot add series without end
    assert not [line for line in lines if "_total" in line or "_created" in line]
