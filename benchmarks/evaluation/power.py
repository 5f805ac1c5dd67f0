"""How small a step back the Verdict notices, and how often it is mistaken: planted regressions.

Each of 100,000 queries, four a user, has a rank in the blessed model's list: the logarithm of the
rank is normal, with the recall and the NDCG of a model of MovieLens-100k (0.2 and 0.11 at 10). The
candidate is as good, but not the same: a share of the queries is answered anew, so that the target
has another rank from the same distribution. The correlation of the two models' NDCG over queries is
1 less that share. In one of twenty slices of 5 % of the queries the candidate then gets worse,
until 5 % of the slice's NDCG@10 is lost. The checks and their bounds are the Verdict's own.

Queries of a user change independently of each other here; in a real log they need not, which makes
the same correlation worth less.

`python -m benchmarks.evaluation.power` prints the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.results import Row, at_least, at_most
from components.verdict.evaluation import OVERALL, Evaluation, Gain, Slice
from components.verdict.gains import overall_gains, slice_gains
from pipeline.gates import Gates
from trainer.metrics import ranks
from trainer.metrics.paired_bootstrap import GROUPS
from trainer.metrics.paired_ranks import rank_gains

K = 10
QUERIES, QUERIES_A_USER, SLICES, LOSS = 100_000, 4, 20, 0.05
# Shares of the queries that the candidate answers anew: 1 less the correlation of the models.
CHANGED = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
REGRESSED: Slice = (("segment", "0"),)

_MEDIAN, _SPREAD = 82.0, 2.5  # of ranks, the spread in their logarithm

Ints = npt.NDArray[np.int64]
Regression = Callable[[Ints, np.random.Generator], Ints]


class Found(NamedTuple):
    """How often the Verdict withheld a candidate.

    Attributes:
        caught: Share of the candidates with a regression for which the slice was named.
        false_alarms: Share of the candidates without one that were withheld.
    """

    caught: float
    false_alarms: float


def draw_ranks(size: int, generator: np.random.Generator) -> Ints:
    """Ranks of targets [size], 0 beyond K."""
    drawn = np.exp(np.log(_MEDIAN) + _SPREAD * generator.normal(size=size)).astype(np.int64)
    return np.where(drawn < K, drawn + 1, ranks.MISS)


def vanish(of: Ints, generator: np.random.Generator) -> Ints:
    """One hit in twenty is lost."""
    return np.where(generator.random(len(of)) < LOSS, ranks.MISS, of)


def sink(of: Ints, generator: np.random.Generator) -> Ints:
    """Targets sink by one place, so many that the same share of the NDCG is lost."""
    worth = _worth()
    lower = np.append(worth[2:], 0.0)
    counts = np.bincount(of, minlength=K + 1)[1:]
    share = LOSS * (counts @ worth[1:]) / (counts @ (worth[1:] - lower))
    sinks = (generator.random(len(of)) < share) & (of != ranks.MISS)
    return np.where(sinks, np.where(of == K, ranks.MISS, of + 1), of)


def evaluate(
    seed: int, changed: float, regression: Regression | None, queries: int = QUERIES
) -> Evaluation:
    """What the Evaluator would say of one candidate and the blessed model."""
    generator = np.random.default_rng(seed)
    user = np.arange(queries) // QUERIES_A_USER
    segment = user % SLICES
    blessed = draw_ranks(queries, generator)
    anew = generator.random(queries) < changed
    candidate = np.where(anew, draw_ranks(queries, generator), blessed)
    if regression is not None:
        worse = segment == 0
        candidate[worse] = regression(candidate[worse], generator)
    group = generator.integers(GROUPS, size=len(np.unique(user)))[user]
    found = Evaluation({"example_count": {}}, {}, {})
    slices: Iterator[tuple[Slice, npt.NDArray[np.bool_]]] = (
        ((("segment", str(i)),), segment == i) for i in range(SLICES)
    )
    for of, rows in [(OVERALL, np.ones(queries, bool)), *slices]:
        _measure(found, of, group[rows], candidate[rows], blessed[rows])
    return found


def withheld_for(evaluation: Evaluation) -> list[str]:
    """Names of the checks that fail."""
    rules = Gates().verdict
    checks = [
        *overall_gains(evaluation, rules.list_gains),
        *slice_gains(Evaluation(), evaluation, rules.slices),
    ]
    return [check.name for check in checks if not check.passed]


def measure(changed: float, regression: Regression, regressed: int = 10, equal: int = 20) -> Found:
    """Tries so many seeds with the regression, and so many without."""
    caught = sum(
        any("segment=0:" in name for name in withheld_for(evaluate(seed, changed, regression)))
        for seed in range(regressed)
    )
    alarms = sum(bool(withheld_for(evaluate(1000 + seed, changed, None))) for seed in range(equal))
    return Found(caught / regressed, alarms / equal)


def rows(changed: Sequence[float] = CHANGED) -> Iterator[Row]:
    """The figures: power and false alarms for each correlation of the two models."""
    for share in changed:
        of = f"models whose NDCG@10 correlates by {1 - share:.2f}"
        sunk, lost = measure(share, sink), measure(share, vanish)
        yield at_least(f"caught, targets sink by a place: {of}", sunk.caught, "share", 0.9)
        yield at_least(f"caught, one hit in 20 is lost: {of}", lost.caught, "share", 0.9)
        yield at_most(f"false alarms: {of}", sunk.false_alarms, "share", 0.05)


def _worth() -> npt.NDArray[np.float64]:
    """NDCG of a query by the rank of its target, 0 to K."""
    return np.array([ranks.ndcg({rank: 1}, K) for rank in range(K + 1)])


def _measure(found: Evaluation, of: Slice, group: Ints, candidate: Ints, blessed: Ints) -> None:
    cells, counts = np.unique(
        np.stack([group, candidate, blessed], axis=1), axis=0, return_counts=True
    )
    joint = {(int(g), int(a), int(b)): int(n) for (g, a, b), n in zip(cells, counts, strict=True)}
    found.candidate["example_count"][of] = float(len(group))
    for metric, gain in rank_gains(joint, K).items():
        found.gains.setdefault(metric, {})[of] = Gain(*gain)
    for name in ("ndcg", "recall"):
        value = getattr(ranks, name)(ranks.rank_counts(blessed), K)
        found.blessed.setdefault(f"{name}_at_{K}", {})[of] = value


if __name__ == "__main__":
    from rich.console import Console

    from benchmarks.results import table_of

    Console().print(table_of("power", list(rows())))
