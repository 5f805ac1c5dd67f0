"""What is said of warm starts."""

from __future__ import annotations

import dataclasses

from benchmarks.results import Row
from benchmarks.warm_start.__main__ import rows_of
from benchmarks.warm_start.evening import COLD, SHORT, WARM, Trained

LONG = Trained(ndcg=0.2, recall=0.4, seconds=50.0, warm=False)
EVENING = {
    WARM: Trained(ndcg=0.21, recall=0.41, seconds=9.0, warm=True),
    COLD: LONG,
    SHORT: Trained(ndcg=0.1, recall=0.2, seconds=8.0, warm=False),
}


def held(rows: list[Row]) -> dict[str, bool | None]:
    return {row.measure: row.holds for row in rows}


def test_the_means_of_all_seeds_count() -> None:
    worse = EVENING | {WARM: dataclasses.replace(EVENING[WARM], ndcg=0.195)}
    rows = rows_of([EVENING, worse])
    assert all(holds is not False for holds in held(rows).values())
    assert rows[0].value == (0.21 + 0.195) / 2
    assert rows[0].peers[f"{WARM} with seed 2"] == 0.195


def test_a_warm_start_that_is_worse_misses_its_bar() -> None:
    worse = EVENING | {WARM: dataclasses.replace(EVENING[WARM], ndcg=0.19)}
    assert held(rows_of([worse]))["NDCG@10 of a warm start"] is False


def test_steps_that_would_do_without_a_warm_start_show_nothing() -> None:
    easy = EVENING | {SHORT: LONG, WARM: dataclasses.replace(LONG, warm=True)}
    assert held(rows_of([easy]))[f"control: NDCG@10 of a {SHORT}"] is False


def test_a_warm_start_that_was_none_is_told() -> None:
    cold = EVENING | {WARM: dataclasses.replace(EVENING[WARM], warm=False)}
    assert held(rows_of([cold]))["evenings on which the right side started warm"] is False
