"""What the verdict holds a model against; the values are in `pipeline/gates.py`."""

from __future__ import annotations

from components.checks import Bound
from transform.settings import Frozen


class VerdictRules(Frozen):
    """Bounds of all that the verdict checks.

    Attributes:
        ranker: On metrics of the ranker's scores, over all rows.
        lists: On metrics of the served lists, over all rows.
        ranker_changes: On (candidate - blessed) / blessed of a ranker metric `<metric>_change`.
        list_changes: The same for metrics of lists.
        slices: On `slice_<metric>` of the ranker, in each slice of requests that is large enough.
        slice_rows: Rows from which on a slice is large enough to be held against a bound.
        coverage: `catalogue_coverage_at_10`, the share of the items that could have been shown that
            were; `coverage_over_most_popular`, how many times as many different items are shown as
            one list of popular items, without what each user has had, would show.
        leads: On the lead of a list metric over each baseline, `<metric>_lead`.
        must_beat: Baselines to lead over; the others are only reported.
    """

    ranker: tuple[Bound, ...]
    lists: tuple[Bound, ...]
    ranker_changes: tuple[Bound, ...]
    list_changes: tuple[Bound, ...]
    slices: tuple[Bound, ...]
    slice_rows: int
    coverage: tuple[Bound, ...]
    leads: tuple[Bound, ...]
    must_beat: tuple[str, ...]
