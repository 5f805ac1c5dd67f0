"""What the data is held against; the values are in `pipeline/gates.py`."""

from __future__ import annotations

from components.checks import Bound
from transform.settings import Frozen


class DataRules(Frozen):
    """Bounds of all that DataGate checks.

    Attributes:
        anomalies: On the number of schema anomalies, in each split.
        presence: On the share of rows that have a required feature, in each split.
        unaccounted: On the rows that the account loses or invents, in each sum it must keep.
        duplicates: On the share of input rows that repeat an earlier one.
        dead_letters: On the share of input rows that were rejected.
        future: On the share of input rows that lie in the future.
        out_of_order: On the share of input rows far before the row that precedes them in its file.
        disorder_seconds: How far that is.
        described: On the share of items and users with events that their tables describe.
        rows: On the number of rows, in each split.
        category_drift: On the distance (L-infinity) of a feature of text to the blessed span; of
            free texts and of times, on that of the share of missing ones.
        number_drift: On the distance (Jensen-Shannon) of a numeric feature to the blessed span.
        category_skew: On the distance of a feature of text, test requests to training requests.
        number_skew: The same for a numeric feature.
        leaked: On the number of rows that change with later events.
        certified: On the number of rows that were compared for it.
        unexplained: On the number of written rows that differ from what the log gives.
        revealing: On the AUC of each single feature against the label.
        certified_events: Events of the users whose rows the leakage certificate rebuilds, about.
        certified_users: Users whose rows it rebuilds, at most.
        screened_rows: Requests whose features are held against the label, about.
    """

    anomalies: Bound
    presence: Bound
    unaccounted: Bound
    duplicates: Bound
    dead_letters: Bound
    future: Bound
    out_of_order: Bound
    disorder_seconds: int
    described: Bound
    rows: Bound
    category_drift: Bound
    number_drift: Bound
    category_skew: Bound
    number_skew: Bound
    leaked: Bound
    certified: Bound
    unexplained: Bound
    revealing: Bound
    certified_events: int
    certified_users: int
    screened_rows: int
