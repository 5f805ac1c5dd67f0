"""Bounds for the tests of DataGate."""

from components.checks import Bound
from components.data_gate.rules import DataRules

RULES = DataRules(
    anomalies=Bound(name="schema_anomalies", upper=0),
    presence=Bound(name="presence", lower=1),
    unaccounted=Bound(name="unaccounted_rows", lower=0, upper=0),
    duplicates=Bound(name="duplicate_share", upper=0.1),
    dead_letters=Bound(name="dead_letter_share", upper=0.1),
    future=Bound(name="future_share", upper=0.001),
    out_of_order=Bound(name="out_of_order_share", upper=0.01),
    disorder_seconds=3600,
    described=Bound(name="described_share", lower=0.5),
    rows=Bound(name="rows", lower=2),
    category_drift=Bound(name="category_drift", upper=0.1),
    number_drift=Bound(name="number_drift", upper=0.1),
    category_skew=Bound(name="category_skew", upper=0.3),
    number_skew=Bound(name="number_skew", upper=0.3),
    leaked=Bound(name="leaked_rows", upper=0),
    certified=Bound(name="certified_rows", lower=1),
    unexplained=Bound(name="unexplained_rows", upper=0),
    revealing=Bound(name="single_feature_auc", lower=0.02, upper=0.98),
    certified_events=5000,
    certified_users=50,
    screened_rows=1000,
)


def failed(checks):
    """Names of the checks that do not pass."""
    return [check.name for check in checks if not check.passed]
