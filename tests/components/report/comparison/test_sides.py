"""Two reports become two sides and all in which they differ."""

import json

import pytest

from components.report.comparison.sides import compare, to_json
from components.report.comparison.trees import Difference
from tests.components.report.comparison.two_runs import earlier, later

LABELS = ("first", "second")


def test_both_verdicts_stand_beside_each_other():
    found = compare(earlier(), later(), LABELS)
    assert (found.a.blessed, found.b.blessed) == (False, True)
    assert (found.a.pushed_version, found.b.pushed_version) == (None, 3)
    assert found.a.verdict.startswith("Withheld")
    assert [sentence[:16] for sentence in found.a.failed] == ["FAIL: ndcg_at_10"]
    assert found.b.failed == ()
    assert (found.a.label, found.a.run_id) == ("first", "first")


def test_settings_and_checks_that_differ():
    found = compare(earlier(), later(), LABELS)
    assert found.settings == [Difference("ranker.epochs", 2, 9)]
    assert Difference("verdict: ndcg_at_10", "fail", "pass") in found.checks
    assert Difference("verdict: calibration", None, "pass") in found.checks
    assert not any(check.name == "verdict: auc" for check in found.checks)


def test_data_that_differ():
    account = {**earlier()["account"], "duplicates": 9, "dead_letters": {"too late": 4}}
    found = compare(earlier(account=account), later(), LABELS)
    assert {d.name: (d.a, d.b) for d in found.data} == {
        "duplicates": (9, 48),
        "dead_letters.too late": (4, None),
        "dead_letters.event_time lies in the future": (None, 2),
        "dead_letters.user_id is missing": (None, 10),
    }


@pytest.mark.parametrize(
    ("account", "same"), [({"eval_targets_sha256": "x"}, False), (None, None), ({}, None)]
)
def test_whether_both_answered_the_same_requests(account, same):
    assert compare(earlier(), later(), LABELS).same_targets is True
    assert compare(earlier(account=account), later(), LABELS).same_targets is same


def test_a_report_without_settings_is_no_empty_difference():
    older = earlier()
    del older["settings"]
    assert compare(older, later(), LABELS).settings is None


def test_two_reports_that_hold_nothing_compare():
    found = compare({}, {}, LABELS)
    assert (found.a.blessed, found.metrics, found.data, found.checks) == (None, [], [], [])


def test_the_same_as_strict_json():
    found = to_json(compare(earlier(), later(), LABELS))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    [ndcg] = [m for m in found["metrics"] if (m["feature"], m["metric"]) == ("", "ndcg_at_10")]
    assert (ndcg["difference"], ndcg["better"]) == (pytest.approx(0.05), True)
    assert found["settings"] == [{"name": "ranker.epochs", "a": 2, "b": 9}]
