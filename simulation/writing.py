"""Writes a simulated shop as the three datasets of the data contract, and its truth beside them."""

from __future__ import annotations

import datetime
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from simulation.batch import EVENT_COLUMNS, TRUTH_COLUMNS
from simulation.catalogue import items_table, items_truth, successors_truth
from simulation.choice import INTERCEPT, QUALITY, Behaviour
from simulation.days import Part, parts
from simulation.people import make_people, users_table, users_truth
from simulation.plan import START, Plan, make_plan
from simulation.world import make_world

# All that is written; `events` is put in place last.
ENTRIES = ("truth", "items.parquet", "users.parquet", "events")
_UNFINISHED = ".unfinished"


@dataclass(frozen=True)
class Summary:
    """What was written.

    Attributes:
        events: Rows of the log.
        event_types: Rows of each event type.
        users: Rows of the users dataset.
        items: Rows of the items dataset.
        days: Days that the log covers.
        files: Files of the log.
        bytes: Bytes of the log.
        drift_time: When the shop drifts (unix seconds), or None.
    """

    events: int
    event_types: dict[str, int]
    users: int
    items: int
    days: int
    files: int
    bytes: int
    drift_time: int | None


def write_shop(
    out: Path,
    *,
    events: int,
    behaviour: Behaviour | None = None,
    progress: Callable[[int], None] | None = None,
    **sizes: Any,
) -> Summary:
    """Writes events, items, users and truth as Parquet; they appear when all of it is complete.

    Layout: `events/dt=2024-01-01/part-00000.parquet` ..., `items.parquet`, `users.parquet`, and
    `truth/` with `impressions/dt=.../part-....parquet` (propensity and relevance of each, by
    request_id and position), `items.parquet`, `users.parquet`, `successors.parquet`, `world.json`.

    Of the events, impressions and clicks alone have a request_id. A view, a cart and a purchase
    after a click have none: `held_out: unprompted` takes them for what users found themselves.

    Args:
        out: Folder to write into; it is created.
        events: About how many events.
        behaviour: How users behave.
        progress: Called with the rows written so far.
        **sizes: `users`, `items`, `days`, `seed`, `drift`, `heavy_user`: see make_plan.

    Raises:
        ValueError: If a size is impossible, or the folder holds a shop already.
    """
    plan = make_plan(events, **sizes)
    if there := [name for name in ENTRIES if (out / name).exists()]:
        raise ValueError(
            f"A shop must go where there is none yet. Received: {out}, which has {there[0]!r}. "
            "Choose another folder, or remove it."
        )
    folder = out / _UNFINISHED
    shutil.rmtree(folder, ignore_errors=True)  # of a simulation that was killed
    folder.mkdir(parents=True)
    try:
        summary = _write(folder, plan, behaviour or Behaviour(), progress or (lambda _: None))
        for name in ENTRIES:
            (folder / name).rename(out / name)
    finally:
        shutil.rmtree(folder)
    return summary


def _write(
    folder: Path, plan: Plan, behaviour: Behaviour, progress: Callable[[int], None]
) -> Summary:
    world = make_world(plan)
    people = make_people(plan, world)
    truth = folder / "truth"
    truth.mkdir()
    items_table(world, plan.seed).write_parquet(folder / "items.parquet")
    users_table(people, world, plan.seed).write_parquet(folder / "users.parquet")
    items_truth(world).write_parquet(truth / "items.parquet")
    users_truth(people, world).write_parquet(truth / "users.parquet")
    successors_truth(world).write_parquet(truth / "successors.parquet")
    _write_world(truth / "world.json", plan, behaviour)
    kinds: Counter[str] = Counter()
    files = size = 0
    for part in parts(plan, world, people, behaviour):
        size += _write_part(folder / "events", part, part.events.select(EVENT_COLUMNS))
        shown = part.events.filter(pl.col("propensity").is_not_null())
        _write_part(truth / "impressions", part, shown.select(TRUTH_COLUMNS))
        kinds.update(dict(part.events["event_type"].value_counts().iter_rows()))
        files += 1
        progress(kinds.total())
    return Summary(
        events=kinds.total(),
        event_types=dict(sorted(kinds.items())),
        users=plan.users,
        items=plan.items,
        days=plan.days,
        files=files,
        bytes=size,
        drift_time=plan.drift_time,
    )


def _write_part(folder: Path, part: Part, table: pl.DataFrame) -> int:
    """Writes one file of a day's partition; returns its size in bytes."""
    day = datetime.datetime.fromtimestamp(part.day, tz=datetime.UTC)
    path = folder / f"dt={day:%Y-%m-%d}" / f"part-{part.number:05d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    table.write_parquet(path, compression="zstd", compression_level=1, row_group_size=len(table))
    return path.stat().st_size


def _write_world(path: Path, plan: Plan, behaviour: Behaviour) -> None:
    truth = {
        **asdict(plan),
        "start": START,
        "end": plan.end,
        "examination": behaviour.examination().tolist(),
        "click_log_odds": {
            "intercept": INTERCEPT,
            "taste": behaviour.taste,
            "quality": QUALITY,
        },
        "follow": behaviour.follow,
    }
    path.write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
