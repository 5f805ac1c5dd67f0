"""Findings as checks: each leak and each revealing column is named."""

from collections import Counter

from components.data_gate.certificate import CUT_OFF, MIDDLE
from components.data_gate.comparison import Difference
from components.data_gate.leakage_checks import check_leakage, check_revealing, check_written
from components.data_gate.screen import Revealed
from tests.components.data_gate.bounds import RULES, failed


def test_without_a_leak_each_moment_and_split_passes():
    rows = Counter(train=5, ranking=7)
    checks = list(check_leakage([Difference(CUT_OFF, rows), Difference(MIDDLE, rows)], RULES))
    assert failed(checks) == []
    assert [(check.name, check.value) for check in checks] == [
        ("ranking after training: certified_rows", 7),
        ("ranking after training: leaked_rows", 0),
        ("train after training: certified_rows", 5),
        ("train after training: leaked_rows", 0),
        ("ranking after mid-training: certified_rows", 7),
        ("ranking after mid-training: leaked_rows", 0),
        ("train after mid-training: certified_rows", 5),
        ("train after mid-training: leaked_rows", 0),
    ]


def test_each_leaking_feature_is_named():
    changed = Counter({("train", "user_events"): 3, ("train", "age"): 1})
    found = Difference(CUT_OFF, Counter(train=5, ranking=7), changed)
    assert failed(check_leakage([found], RULES)) == [
        "train.age after training: leaked_rows",
        "train.user_events after training: leaked_rows",
    ]


def test_without_a_row_to_compare_nothing_is_certified():
    nothing = Counter(train=0, ranking=0)
    found = [Difference(CUT_OFF, nothing), Difference(MIDDLE, nothing)]
    assert failed(check_leakage(found, RULES)) == [
        "ranking after training: certified_rows",
        "train after training: certified_rows",
    ]


def test_written_rows_that_the_log_does_not_give_are_stopped():
    found = Difference(CUT_OFF, Counter(train=5, ranking=7))
    assert failed(check_written(found, RULES)) == []
    found.changed["train", "history_time"] = 2
    assert failed(check_written(found, RULES)) == ["train.history_time unexplained_rows"]


def test_a_column_that_reveals_the_label_is_named_with_its_auc():
    found = {"views": Revealed(0.8, 500), "sold": Revealed(0.995, 500), "left": Revealed(0.0, 500)}
    checks = {check.name: check for check in check_revealing(found, RULES)}
    assert failed(checks.values()) == ["sold single_feature_auc", "left single_feature_auc"]
    assert "sold single_feature_auc is 0.995; it must be at least 0.02 and at most 0.98" in (
        checks["sold single_feature_auc"].sentence
    )


def test_a_few_candidates_reveal_nothing():
    (check,) = check_revealing({"sold": Revealed(1.0, 29)}, RULES)
    assert (check.passed, check.value) == (True, 1.0)
