"""What the verdict holds a model against; the values are in `pipeline/gates.py`."""

from __future__ import annotations

from components.checks import Bound
from transform.settings import Frozen


class SliceRules(Frozen):
    """Bounds on slices of requests.

    Attributes:
        rows: `lower`: rows from which on a slice is large enough to be held against a bound.
        false_alarms: `upper`: the chance, over all slices and metrics together, that some gain is
            called a step back although none is worse than its bound (Holm's method).
        ranker: On `slice_<metric>` of the ranker's scores.
        lists: The same for metrics of lists that are shares of the rows; their noise is allowed
            for.
        ranker_gains: On `slice_<metric>_gain` over the blessed model, as in `VerdictRules`.
        list_gains: The same for metrics of lists.
    """

    rows: Bound
    false_alarms: Bound
    ranker: tuple[Bound, ...]
    lists: tuple[Bound, ...]
    ranker_gains: tuple[Bound, ...]
    list_gains: tuple[Bound, ...]


class VerdictRules(Frozen):
    """Bounds of all that the verdict checks.

    Attributes:
        ranker: On metrics of the ranker's scores, over all rows.
        lists: On metrics of the served lists, over all rows.
        ranker_gains: `lower` of `<metric>_gain`, the gain of a ranker metric over the blessed
            model, as a share of the blessed model's value. Only an interval that lies wholly below
            fails.
        list_gains: The same for metrics of lists.
        slices: On slices of requests.
        training: `rows_within_training`, held-out requests of the period that trained the model.
        coverage: `catalogue_coverage_at_10`, the share of the items that could have been shown that
            were; `coverage_over_most_popular`, how many times as many different items are shown as
            one list of popular items, without what each user has had, would show.
        leads: On the lead of a list metric over each baseline, `<metric>_lead`.
        must_beat: Baselines to lead over; the others are only reported.
        off_policy: On `off_policy_value_gain`, by how much more the candidate's lists would have
            earned than those of the blessed model, as the log of shown lists has it. Only an
            interval that lies wholly outside fails, and no estimate passes.
    """

    ranker: tuple[Bound, ...]
    lists: tuple[Bound, ...]
    ranker_gains: tuple[Bound, ...]
    list_gains: tuple[Bound, ...]
    slices: SliceRules
    training: Bound
    coverage: tuple[Bound, ...]
    leads: tuple[Bound, ...]
    must_beat: tuple[str, ...]
    off_policy: Bound
