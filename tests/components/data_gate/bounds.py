"""Bounds for the tests of DataGate."""

from components.checks import Bound
from components.data_gate.rules import DataRules

RULES = DataRules(
    anomalies=Bound(name="schema_anomalies", upper=0),
    presence=Bound(name="presence", lower=1),
    duplicates=Bound(name="duplicate_share", upper=0.1),
    dead_letters=Bound(name="dead_letter_share", upper=0.1),
    future=Bound(name="future_share", upper=0.001),
    described=Bound(name="described_share", lower=0.5),
    rows=Bound(name="rows", lower=2),
    leaked=Bound(name="leaked_rows", upper=0),
    unexplained=Bound(name="unexplained_rows", upper=0),
    certified_users=50,
)


def failed(checks):
    """Names of the checks that do not pass."""
    return [check.name for check in checks if not check.passed]
