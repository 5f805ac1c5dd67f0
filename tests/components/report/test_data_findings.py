"""DataGate's checks, read back as findings."""

from components.checks import Bound
from components.report.data_findings import (
    Certified,
    Distance,
    SingleFeature,
    certificate,
    distances,
    single_features,
)
from components.report.facts import Gate
from tests.components.report.facts_of_a_run import EMPTY, blessed


def with_checks(*checks):
    return blessed(gates=(Gate(name="data", measured=True, checks=checks),))


def test_distances_know_what_they_are_measured_against():
    facts = blessed()
    assert distances(facts, "drift") == [
        Distance("drift", "category", "train", "gender", 0.004, 0.12, passed=True),
        Distance("drift", "number", "train", "age", 0.031, 0.11, passed=True),
    ]
    assert [(d.split, d.feature) for d in distances(facts, "skew")] == [("eval", "age")]


def test_a_leak_names_its_features_with_their_rows():
    certified = Bound(name="certified_rows", lower=1)
    leaked = Bound(name="leaked_rows", upper=0)
    facts = with_checks(
        certified.check(50, subject="train after training:"),
        leaked.check(7, subject="train.age after training:"),
        leaked.check(3, subject="train.number_of_rows after training:"),
        certified.check(40, subject="train after mid-training:"),
        leaked.check(0, subject="train after mid-training:"),
    )
    assert certificate(facts) == [
        Certified("train", "after training", 50, {"age": 7, "number_of_rows": 3}),
        Certified("train", "after mid-training", 40),
    ]


def test_the_feature_that_tells_most_comes_first():
    assert single_features(blessed()) == [
        SingleFeature("genres", 0.22, (0.02, 0.98), passed=True),
        SingleFeature("released", 0.71, (0.02, 0.98), passed=True),
        SingleFeature("gender", 0.5, None, passed=True),
    ]


def test_without_a_gate_there_are_no_findings():
    assert (distances(EMPTY, "drift"), certificate(EMPTY), single_features(EMPTY)) == ([], [], [])
