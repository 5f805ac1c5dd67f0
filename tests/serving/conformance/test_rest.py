"""The REST API and the metrics."""

from __future__ import annotations

import pytest

MODEL = "/v1/models/recommender"


@pytest.fixture(autouse=True)
def needs_rest(server):
    if not server.rest:
        pytest.skip("TFS_ENDPOINT names no REST address")


def row(**change):
    return {
        "user_id": "u",
        "history_item_id": ["apple"],
        "history_event_type": ["view"],
        "history_time": [0],
        "exclude_item_id": [""],
        "request_time": 0,
        "age": 1.5,
        "city": {"b64": "QmVybGlu"},
        **change,
    }


def columns(**change):
    return {name: [value] for name, value in row().items()} | {"top_k": 2} | change


def recommend(**change):
    return {"signature_name": "recommend", "inputs": columns(**change)}


def test_columns_in_columns_out(server):
    status, answer = server.json("POST", f"{MODEL}:predict", recommend())
    assert status == 200
    assert answer["outputs"]["item_id"] == [["bread", "cheese"]]
    assert answer["outputs"]["score"] == [[pytest.approx(0.8), pytest.approx(0.7)]]


def test_rows_in_rows_out(server):
    rows = [row(candidate_item_id=["bread", "none"])] * 2
    body = {"signature_name": "rank", "instances": rows}
    status, answer = server.json("POST", f"{MODEL}/versions/1:predict", body)
    assert (status, answer) == (200, {"predictions": [[pytest.approx(0.8), 0.0]] * 2})


def test_examples_are_classified_and_regressed(server):
    both = {"signature_name": "both", "examples": [{"x": 0.25}]}
    assert server.json("POST", "/v1/models/scorer:classify", both) == (
        200,
        {"results": [[["yes", 0.25], ["no", 0.75]]]},
    )
    values = {"context": {"x": 0.5}, "examples": [{"x": 2.0}, {}]}
    assert server.json("POST", "/v1/models/scorer:regress", values) == (
        200,
        {"results": [2.0, 0.5]},
    )


def test_state_and_metadata_are_told(server):
    assert server.json("GET", MODEL) == (
        200,
        {
            "model_version_status": [
                {
                    "version": "1",
                    "state": "AVAILABLE",
                    "status": {"error_code": "OK", "error_message": ""},
                }
            ]
        },
    )
    status, answer = server.json("GET", f"{MODEL}/metadata")
    assert status == 200
    assert answer["model_spec"]["version"] == "1"
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert signatures["recommend"]["inputs"]["age"]["dtype"] == "DT_FLOAT"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/models/none", None, 404),
        ("GET", f"{MODEL}/versions/99", None, 404),
        ("POST", "/v1/models/none:predict", recommend(), 404),
        ("POST", f"{MODEL}:predict", b"{", 400),
        ("POST", f"{MODEL}:predict", {}, 400),
        ("POST", f"{MODEL}:predict", {"inputs": 1, "instances": [1]}, 400),
        ("POST", f"{MODEL}:predict", {"inputs": columns(), "signature_name": "none"}, 400),
        ("POST", f"{MODEL}:predict", recommend(age=["old"]), 400),
        ("POST", f"{MODEL}:predict", recommend(top_k=1.5), 400),
        ("POST", f"{MODEL}:predict", recommend(history_time=[[1, 2], [3]]), 400),
        ("POST", f"{MODEL}:predict", recommend(age=[-1.0]), 400),
        ("POST", f"{MODEL}:explain", recommend(), 400),
    ],
)
def test_what_does_not_fit_has_its_status_and_says_why(server, method, path, body, status):
    got, answer = server.json(method, path, body)
    assert got == status
    assert answer["error"]


def test_metrics_are_shown_to_prometheus(server):
    server.json("POST", f"{MODEL}:predict", recommend())
    status, text = server.http("GET", "/monitoring/prometheus/metrics")
    assert status == 200
    lines = text.decode().splitlines()
    assert "# TYPE :tensorflow:serving:request_count counter" in lines
    count = ':tensorflow:serving:request_count{model_name="recommender",status="OK"}'
    assert [line for line in lines if line.startswith(count)]
    assert [line for line in lines if line.startswith(":tensorflow:serving:request_latency_bucket")]
    loaded = ":tensorflow:cc:saved_model:load_attempt_count{"
    assert [line for line in lines if line.startswith(loaded) and 'status="success"' in line]
