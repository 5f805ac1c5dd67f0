"""Tests of the rows of the result."""

from __future__ import annotations

import pytest

from benchmarks.ranker.measures import AUC, CALIBRATION, DISTANCE, ECE, ENTROPY, LIST_AUC, LOG_LOSS
from benchmarks.ranker.rows import rows_of

GOOD = {AUC: 0.8, LIST_AUC: 0.8, LOG_LOSS: 0.2, ENTROPY: 0.7, DISTANCE: 0.01}
GOOD |= {CALIBRATION: 1.005, ECE: 0.004}
BAD = {AUC: 0.7, LIST_AUC: 0.7, LOG_LOSS: 0.3, ENTROPY: 0.9, DISTANCE: 0.02}
BAD |= {CALIBRATION: 0.98, ECE: 0.02}


@pytest.mark.parametrize(("ours", "peer", "holds"), [(GOOD, BAD, True), (BAD, GOOD, False)])
def test_every_measure_must_be_better_than_that_of_the_best_peer(
    ours: dict[str, float], peer: dict[str, float], holds: bool
) -> None:
    rows = {
        row.measure: row
        for row in rows_of("shop", [ours] * 2, {"peer": [peer] * 2}, {"truth": GOOD})
    }
    assert all(rows[f"shop: {measure}"].holds is holds for measure in GOOD)
    assert rows[f"shop: {LOG_LOSS}"].peers == {"peer": peer[LOG_LOSS], "truth": GOOD[LOG_LOSS]}


def test_what_no_side_can_know_sets_no_bar() -> None:
    rows = rows_of("shop", [BAD], {"peer": [BAD]}, {"truth": GOOD})
    assert rows[0].bar == "> 0.7"
    assert rows[0].holds is False


def test_values_are_means_over_seeds_beside_their_spread() -> None:
    value, spread, *_ = rows_of("shop", [GOOD, BAD], {"peer": [BAD, BAD]}, {})
    assert value.value == pytest.approx(0.75)
    assert spread.value == pytest.approx(0.1 / 2**0.5)
    assert spread.peers == {"peer": 0.0}


def test_where_nobody_knows_the_truth_no_side_is_held_against_it() -> None:
    blind = {measure: value for measure, value in GOOD.items() if measure != DISTANCE}
    rows = {row.measure for row in rows_of("log", [blind], {"peer": [blind]}, {})}
    assert f"log: {AUC}" in rows
    assert not any(DISTANCE in measure for measure in rows)
