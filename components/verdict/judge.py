"""Everything measured, held against its bounds: one check for each question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from components.checks import Bound, Check
from components.training_period import TrainingPeriod
from components.verdict.evaluation import Evaluation
from components.verdict.gains import overall_gains, slice_gains
from components.verdict.rules import VerdictRules
from components.verdict.slices import slice_checks

_LIST_LENGTH = 10
_SMALL_SHOP = 3  # one list for everybody shows more than a third of all items
_DISTINCT_ITEMS = f"distinct_items_at_{_LIST_LENGTH}"


@dataclass(frozen=True)
class Evidence:
    """What is known of a candidate.

    Attributes:
        ranker: Metrics of the scores.
        lists: Metrics of the served lists.
        evaluators: Evaluator -> whether it blessed the model.
        baselines: Baseline -> metric -> value.
        data: The checks of the DataGate.
        items: Number of items in the catalogue.
        training: What trained the candidate, as the model records it; None without a record.
        request_times: Of the evaluated rows, unix seconds.
    """

    ranker: Evaluation
    lists: Evaluation
    evaluators: Mapping[str, bool]
    baselines: Mapping[str, Mapping[str, float]]
    data: Sequence[Check]
    items: int
    training: TrainingPeriod | None
    request_times: Sequence[int]


def judge(evidence: Evidence, rules: VerdictRules) -> list[Check]:
    """All checks; the model is blessed if every one passes."""
    return [
        *_upstream(evidence),
        *_training(evidence, rules.training),
        *_overall(evidence.lists, rules.lists),
        *_coverage(evidence, rules.coverage),
        *_leads(evidence, rules),
        *_overall(evidence.ranker, rules.ranker),
        *slice_checks(evidence.ranker, evidence.lists, rules.slices),
        *overall_gains(evidence.lists, rules.list_gains),
        *overall_gains(evidence.ranker, rules.ranker_gains),
        *slice_gains(evidence.ranker, evidence.lists, rules.slices),
    ]


def _upstream(evidence: Evidence) -> Iterator[Check]:
    """The gates that stood before this one."""
    failed = sum(not check.passed for check in evidence.data)
    data = Bound(name="failed checks of the DataGate", upper=0, why="the data cannot be trusted")
    yield data.check(float(failed))
    for name, blessed in evidence.evaluators.items():
        why = "its validation result names the thresholds that were missed"
        yield Bound(name=f"blessed by {name}", lower=1, why=why).check(float(blessed))


def _training(evidence: Evidence, bound: Bound) -> Iterator[Check]:
    """Whether the model was measured on what it was trained on."""
    period = evidence.training
    if period is None:
        yield bound.check(None)
    elif period.protocol == "time":
        yield bound.check(float(sum(time <= period.last_time for time in evidence.request_times)))


def _overall(evaluation: Evaluation, bounds: Sequence[Bound]) -> Iterator[Check]:
    for bound in bounds:
        yield bound.check(evaluation.value(bound.name))


def _coverage(evidence: Evidence, bounds: Sequence[Bound]) -> Iterator[Check]:
    """How many different items are shown.

    Against how many could have been: a small evaluation shows few items. And against one list for
    everybody: where lists leave out what a user has had, even such lists differ from each other.
    In a small shop that list shows most items, and the second comparison says nothing.
    """
    shown = evidence.lists.value(_DISTINCT_ITEMS)
    possible = min(float(evidence.items), _LIST_LENGTH * evidence.lists.rows())
    one_list = evidence.baselines.get("most_popular", {}).get(_DISTINCT_ITEMS)
    measured = {
        f"catalogue_coverage_at_{_LIST_LENGTH}": _ratio(shown, possible),
        "coverage_over_most_popular": _ratio(shown, one_list),
    }
    if one_list and one_list > possible / _SMALL_SHOP:
        del measured["coverage_over_most_popular"]
    for bound in bounds:
        if bound.name in measured:
            yield bound.check(measured[bound.name])


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _leads(evidence: Evidence, rules: VerdictRules) -> Iterator[Check]:
    """The lead over each baseline that must be beaten; the others are reported as they are."""
    for bound in rules.leads:
        metric = bound.name.removesuffix("_lead")
        own = evidence.lists.value(metric)
        for baseline in sorted({*evidence.baselines, *rules.must_beat}):
            theirs = evidence.baselines.get(baseline, {}).get(metric)
            lead = None if own is None or theirs is None else own - theirs
            if baseline in rules.must_beat:
                yield bound.check(lead, subject=f"over {baseline}:")
            else:
                free = Bound(name=bound.name, why=bound.why)
                yield free.check(lead, subject=f"over {baseline} (reported only):")
