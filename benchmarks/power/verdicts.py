"""What the Verdict would say of one model against another: its own checks, on arrays of marks."""

from __future__ import annotations

import numpy as np

from benchmarks.power.answers import SHOWN, Floats, Ints, K
from benchmarks.power.marks import Marks, paired_sums
from benchmarks.power.traffic import Bools, Traffic
from components.checks import Check
from components.verdict.evaluation import Evaluation, Slice
from components.verdict.gains import overall_gains, slice_gains
from pipeline.gates import Gates
from trainer.metrics import ranks
from trainer.metrics.paired_bootstrap import Gain
from trainer.metrics.paired_ranks import JointCounts, rank_gains
from trainer.metrics.paired_scores import Sums, score_gains

_WEIGHT = Sums._fields.index("weight")


def failed_checks(traffic: Traffic, candidate: Marks, blessed: Marks) -> list[Check]:
    """The checks against the blessed model that fail."""
    lists, ranker = evaluations(traffic, candidate, blessed)
    rules = Gates().verdict
    checks = [
        *overall_gains(lists, rules.list_gains),
        *overall_gains(ranker, rules.ranker_gains),
        *slice_gains(ranker, lists, rules.slices),
    ]
    return [check for check in checks if not check.passed]


def evaluations(
    traffic: Traffic, candidate: Marks, blessed: Marks
) -> tuple[Evaluation, Evaluation]:
    """What the Evaluators of lists and of scores would find, as far as it is compared."""
    return (
        _of_lists(traffic, candidate.ranks, blessed.ranks),
        _of_scores(traffic, paired_sums(traffic, candidate, blessed), blessed),
    )


def _of_lists(traffic: Traffic, candidate: Ints, blessed: Ints) -> Evaluation:
    found = Evaluation({"example_count": {}}, {})
    for of, rows in traffic.slices.items():
        found.candidate["example_count"][of] = float(rows.sum())
        counts = ranks.rank_counts(blessed[rows])
        for k in (K, SHOWN):
            _take(found, of, rank_gains(_joint(traffic.groups, candidate, blessed, rows, k), k))
            for name in ("ndcg", "recall"):
                value = getattr(ranks, name)(counts, k)
                found.blessed.setdefault(f"{name}_at_{k}", {})[of] = value
    return found


def _of_scores(traffic: Traffic, sums: Floats, blessed: Marks) -> Evaluation:
    found = Evaluation({"example_count": {}}, {"log_loss": {}, "gauc": {}})
    for of, all_rows in traffic.slices.items():
        rows = all_rows & traffic.scored
        found.candidate["example_count"][of] = float(rows.sum())
        if rows.any():
            _take(found, of, score_gains(_by_group(traffic.groups[rows], sums[rows])))
            weight = sums[rows, _WEIGHT].sum()
            found.blessed["log_loss"][of] = float(blessed.losses[rows].sum() / weight)
            found.blessed["gauc"][of] = float(np.nanmean(blessed.aucs[rows]))
    return found


def _take(found: Evaluation, of: Slice, gains: dict[str, Gain]) -> None:
    for name, gain in gains.items():
        found.gains.setdefault(name, {})[of] = gain


def _joint(groups: Ints, candidate: Ints, blessed: Ints, rows: Bools, k: int) -> JointCounts:
    new, old = (np.where(of[rows] > k, ranks.MISS, of[rows]) for of in (candidate, blessed))
    cells, counts = np.unique(np.stack([groups[rows], new, old]), axis=1, return_counts=True)
    return {(int(g), int(c), int(b)): int(n) for g, c, b, n in zip(*cells, counts, strict=True)}


def _by_group(groups: Ints, sums: Floats) -> dict[int, Sums]:
    known, place = np.unique(groups, return_inverse=True)
    totals = [np.bincount(place, column, len(known)) for column in sums.T]
    return {int(group): Sums(*of) for group, *of in zip(known, *totals, strict=True)}
