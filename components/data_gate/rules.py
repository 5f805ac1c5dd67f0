"""What the data is held against; the values are in `pipeline/gates.py`."""

from __future__ import annotations

from components.checks import Bound
from transform.settings import Frozen


class DataRules(Frozen):
    """Bounds of all that DataGate checks.

    Attributes:
        anomalies: On the number of schema anomalies, in each split.
        presence: On the share of rows that have a required feature, in each split.
        duplicates: On the share of input rows that repeat an earlier one.
        dead_letters: On the share of input rows that were rejected.
        future: On the share of input rows that lie in the future.
        described: On the share of items and users with events that their tables describe.
        rows: On the number of rows, in each split.
        leaked: On the number of training rows that change with later events.
        unexplained: On the number of written rows that differ from what the log gives.
        certified_users: Users whose rows the leakage certificate rebuilds.
    """

    anomalies: Bound
    presence: Bound
    duplicates: Bound
    dead_letters: Bound
    future: Bound
    described: Bound
    rows: Bound
    leaked: Bound
    unexplained: Bound
    certified_users: int
