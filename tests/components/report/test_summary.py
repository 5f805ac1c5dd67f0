"""`report.json` is strict JSON and holds the keys that scripts rely on."""

import json

import pytest

from components.report.facts import Evaluation, Measured, QualityRow, Slice, Training
from components.report.list_changes import Knowledge, Request, Served, list_sample
from components.report.summary import to_json
from tests.components.report.facts_of_a_run import EMPTY, blessed, withheld


def strict(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_a_blessed_run():
    found = strict(to_json(blessed()))
    assert found["settings_hash"] == "5f0c" * 16
    assert found["run_id"] == "2026-11-23T17:00:00.000000"
    assert found["verdict"]["blessed"] is True
    assert found["verdict"]["sentences"][0] == "pass: ndcg_at_10 is 0.1; it must be at least 0.05."
    assert found["quality"]["rows"][0] == {
        "model": "recommender",
        "ndcg_at_10": 0.1043,
        "recall_at_10": 0.1951,
        "mrr_at_10": 0.0771,
    }
    assert found["pushed_version"] == 3
    assert found["serving"]["first_call_seconds"] == 0.14125
    assert found["account"]["rows_in"] == 100_060
    assert found["data"]["drift"][0] == {
        "against": "drift",
        "kind": "category",
        "split": "train",
        "feature": "gender",
        "value": 0.004,
        "bound": 0.12,
        "passed": True,
    }
    assert [row["rows"] for row in found["data"]["certificate"]] == [400, 400]
    assert found["data"]["single_features"][0]["bounds"] == [0.02, 0.98]
    assert {check["gate"] for check in found["checks"]} == {"data", "verdict", "serving"}
    assert found["slices"]["list"][0] == {
        "feature": "",
        "value": "",
        "count": 943,
        "metrics": {
            "ndcg_at_10": 0.1043,
            "recall_at_10": pytest.approx(0.19817),
            "mrr_at_10": pytest.approx(0.07301),
        },
        "intervals": {
            "ndcg_at_10": [
                pytest.approx(0.1043 - 0.4 / 943**0.5),
                pytest.approx(0.1043 + 0.4 / 943**0.5),
            ]
        },
    }
    assert found["settings"] == {"name": "movielens-100k", "seed": 17}


def test_a_withheld_run():
    found = strict(to_json(withheld()))
    assert found["verdict"]["blessed"] is False
    assert found["pushed_version"] is None
    assert any(text.startswith("FAIL: ndcg_at_10") for text in found["verdict"]["sentences"])


def test_an_empty_run_has_the_same_keys():
    assert strict(to_json(EMPTY)).keys() == strict(to_json(blessed())).keys()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_becomes_null(value):
    facts = blessed(
        quality=(QualityRow(model="recommender", metrics={"ndcg_at_10": value}),),
        evaluations=(
            Evaluation(
                name="list",
                metrics=("auc",),
                slices=(
                    Slice(
                        feature="", value="", metrics={"auc": Measured(value=value, lower=value)}
                    ),
                ),
            ),
        ),
        trainings=(Training(model="Ranker", history={"loss": (value, 0.5)}),),
    )
    found = strict(to_json(facts))
    assert found["quality"]["rows"] == [{"model": "recommender", "ndcg_at_10": None}]
    assert found["slices"]["list"][0]["metrics"] == {"auc": None}
    assert facts.trainings[0].history["loss"] == (None, 0.5)


def test_a_score_that_is_no_number_is_null():
    served = Served(items=("a",), scores=(float("nan"),), retrieval_scores=(1.0,))
    request = Request("u", 1, (), "b")
    lists = list_sample([request], [served], None, Knowledge({}, {}, recent_events=20))
    found = strict(to_json(blessed(lists=lists)))
    assert found["lists"]["requests"][0]["new"][0]["score"] is None
    assert found["lists"]["change"] is None
