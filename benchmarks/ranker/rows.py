"""What was measured, as rows with bars."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.ranker.measures import (
    AUC,
    CALIBRATION,
    DISTANCE,
    ECE,
    ENTROPY,
    LIST_AUC,
    LOG_LOSS,
)
from benchmarks.results import Row, at_most

# What has to be better than with any peer: 1 where more is better, -1 where less is.
_COMPARED = ((AUC, 1), (LIST_AUC, 1), (LOG_LOSS, -1), (ENTROPY, -1), (DISTANCE, -1))
_CALIBRATION = 0.01  # at most so far from 1
_ECE = 0.01

Runs = Sequence[Mapping[str, float]]  # measures of one side, by seed
Limits = Mapping[str, Mapping[str, float]]


def rows_of(name: str, ours: Runs, peers: Mapping[str, Runs], limits: Limits) -> list[Row]:
    """The ranker beside its peers: means over seeds, and their spread.

    Args:
        name: Of the log.
        ours: Of the ranker.
        peers: Of each peer.
        limits: Of probabilities that no side can know, which stand beside the peers without a bar.
    """
    rows = []
    for measure, sign in _COMPARED:
        if measure not in ours[0]:
            continue
        value = _mean(ours, measure)
        best = sign * max(sign * _mean(runs, measure) for runs in peers.values())
        bar = f"{'>' if sign > 0 else '<'} {best:.6g}"
        holds = sign * value > sign * best
        rows.append(
            Row(f"{name}: {measure}", value, "", bar, holds, _others(measure, peers, limits))
        )
        spread = {peer: _spread(runs, measure) for peer, runs in peers.items()}
        rows.append(
            Row(f"{name}: {measure}: standard deviation", _spread(ours, measure), "", peers=spread)
        )
    ratio, error = _mean(ours, CALIBRATION), _mean(ours, ECE)
    holds, bar = abs(ratio - 1) <= _CALIBRATION, f"{1 - _CALIBRATION:g} to {1 + _CALIBRATION:g}"
    return [
        *rows,
        Row(f"{name}: {CALIBRATION}", ratio, "", bar, holds, _others(CALIBRATION, peers, limits)),
        at_most(f"{name}: {ECE}", error, "", _ECE, _others(ECE, peers, limits)),
    ]


def _others(measure: str, peers: Mapping[str, Runs], limits: Limits) -> dict[str, float]:
    known = {name: found[measure] for name, found in limits.items()}
    return {peer: _mean(runs, measure) for peer, runs in peers.items()} | known


def _mean(runs: Runs, measure: str) -> float:
    return statistics.mean(run[measure] for run in runs)


def _spread(runs: Runs, measure: str) -> float:
    return statistics.stdev(run[measure] for run in runs) if len(runs) > 1 else 0.0
