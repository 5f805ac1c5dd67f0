"""What the sides showed, as rows with bars."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.quality.protocol import Ints, Quality, quality
from benchmarks.results import Row, at_least

Bars = Mapping[str, float]


def spread(values: Sequence[float]) -> float:
    """Standard deviation over seeds; 0 for one seed."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


def means(runs: Iterable[Ints]) -> tuple[Quality, Quality]:
    """Mean and spread of a side over its seeds."""
    found = [quality(ranks) for ranks in runs]
    of = [[q.ndcg for q in found], [q.hit_rate for q in found]]
    mean, deviation = ([measure(values) for values in of] for measure in (statistics.mean, spread))
    return Quality(*mean), Quality(*deviation)


def rows_of(
    name: str,
    composed: Sequence[Ints],
    peers: Mapping[str, Sequence[Ints]],
    simple: Mapping[str, Quality],
    bars: Quality | None,
    lead: float,
) -> list[Row]:
    """The composed path against all others on one log.

    Args:
        name: Name of the log.
        composed: Its ranks of the test targets, by seed.
        peers: The same of each peer.
        simple: What has no seed.
        bars: What is to be reached; None: nothing but the lead.
        lead: How many times the best other is to be reached as well.
    """
    ours, deviation = means(composed)
    others = {peer: means(runs)[0] for peer, runs in peers.items()} | dict(simple)
    rows, seeds = [], f"seeds: {len(composed)}"
    for label, field in (("NDCG@10", "ndcg"), ("HR@10", "hit_rate")):
        value, of_peers = getattr(ours, field), {n: getattr(q, field) for n, q in others.items()}
        bar = max(lead * max(of_peers.values()), getattr(bars, field) if bars else 0.0)
        rows.append(at_least(f"{name}: {label}, composed path ({seeds})", value, "", bar, of_peers))
        of_seeds = {p: getattr(means(runs)[1], field) for p, runs in peers.items()}
        spread_of = f"{name}: standard deviation of {label} ({seeds})"
        rows.append(Row(spread_of, getattr(deviation, field), "", peers=of_seeds))
    return rows


def part_rows(name: str, ndcg: Mapping[str, float]) -> list[Row]:
    """NDCG@10 of the retriever without each of its parts."""
    return [
        Row(f"{name}: validation NDCG@10 of the two-tower, {variant}", value, "")
        for variant, value in ndcg.items()
    ]


def ablation_rows(name: str, variants: Mapping[str, Ints]) -> list[Row]:
    """NDCG@10 of each variant; HR@10 beside it."""
    found = {variant: quality(ranks) for variant, ranks in variants.items()}
    return [
        Row(f"{name}: NDCG@10, {variant}", q.ndcg, "", peers={"HR@10": q.hit_rate})
        for variant, q in found.items()
    ]
