"""The cold-start ladder: quality by how much is known of the user, and of the item asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.quality.protocol import Ints, quality
from benchmarks.quality.workshop import Lists
from benchmarks.results import Row, at_least
from trainer.metrics import ranks as list_metrics
from transform.features import ITEM_RUNG, SLICES, USER_RUNG

_WHOSE = {USER_RUNG: "users with {} events", ITEM_RUNG: "items with {} events in training"}
_UNSEEN = "0"
LIST = 100  # items of a list
_TIMES_CHANCE = 3  # "well above": how many times as often as by chance
_FEWEST = 20  # requests that a bar needs


def ladder_rows(name: str, runs: Sequence[Lists], retrieved: Ints) -> list[Row]:
    """Each rung over all seeds, and how often an item that training never saw is retrieved.

    Args:
        name: Name of the log.
        runs: What the composed path showed, by seed.
        retrieved: Ranks of the targets that training never saw among the first hundred of the
            two-tower alone, 0 beyond them; of the first seed.
    """
    rows = []
    for column, whose in _WHOSE.items():
        for rung in SLICES[column]:
            found = _of(runs, column, rung)
            if len(found):
                q, requests = quality(found), len(found) / len(runs)
                measure = f"{name}: NDCG@10, {whose.format(rung)}"
                others = {"HR@10": q.hit_rate, "requests": requests}
                rows.append(Row(measure, q.ndcg, "", peers=others))
    unseen = _of(runs, ITEM_RUNG, _UNSEEN)
    if not len(unseen):
        return rows
    measure, chance = f"{name}: HR@{LIST} of items that training never saw", LIST / runs[0].items
    return [
        *rows,
        _unseen_row(measure, unseen, chance, few=_FEWEST * len(runs)),
        _unseen_row(f"{measure}, two-tower alone", retrieved, chance, few=_FEWEST),
    ]


def _unseen_row(measure: str, found: Ints, chance: float, few: int) -> Row:
    value = list_metrics.recall(list_metrics.rank_counts(found), LIST)
    if len(found) < few:
        return Row(measure, value, "", peers={"chance": chance})
    return at_least(measure, value, "", _TIMES_CHANCE * chance, {"chance": chance})


def _of(runs: Sequence[Lists], column: str, rung: str) -> Ints:
    """Ranks of the requests of a rung, over all seeds."""
    return np.concatenate([run.ranks[np.array(run.rungs[column]) == rung] for run in runs])
