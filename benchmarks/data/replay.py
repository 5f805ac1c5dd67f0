"""Batch = online: request rows against the fold, fed with the log event by event."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.data.digest import decode, read_records
from benchmarks.data.job import DAY, EVAL, RANK_BITS, RANKING, VALIDATION, Job
from benchmarks.data.sizes import Sizes
from benchmarks.data.workshop import Side, Workshop, run_once
from benchmarks.results import Row, at_most
from pipeline.loading import load_settings
from pipeline.settings import Settings
from transform.aggregates import user_windows
from transform.aggregation.item_tiles import DayTiles
from transform.state import EMPTY, Event, FoldSettings, apply, snapshot

_SEED = 11
_SHOWN = ("history_item_id", "history_event_type", "history_time")

Example = Mapping[str, list[bytes] | list[int] | list[float]]


@dataclass(frozen=True)
class Request:
    """A written row.

    Attributes:
        split: Its split.
        user: Its user.
        example: Its features.
    """

    split: str
    user: str
    example: Example

    def values(self, name: str) -> list[object]:
        """A feature as the fold has it: text as text; an absent one is an empty list."""
        found = self.example.get(name, [])
        return [value.decode() if isinstance(value, bytes) else value for value in found]


def batch_is_online(shop: Workshop, sizes: Sizes) -> list[Row]:
    """Random request rows of the log of the speed comparison."""
    log = shop.log(sizes.speed)
    run_once(shop, Side.SLUICE, log)
    job = shop.job(Side.SPARK, log)
    with shop.environment(log):
        settings = load_settings(shop.settings)
    requests = random_requests(shop.examples(Side.SLUICE, log), sizes.replayed)
    events = read_log(job)
    different = {
        *user_differences(requests, events, settings),
        *item_differences(requests, events, settings),
    }
    return [
        at_most(
            f"request rows that differ from the replayed log, of {len(requests):,}",
            len({number for number, _ in different}),
            "rows",
            0,
            dict.fromkeys(sorted({f"differs: {name}" for _, name in different}), 1.0),
        )
    ]


def random_requests(examples: Path, count: int) -> list[Request]:
    """Random rows of all splits with requests; all of them where there are fewer."""
    chosen: list[tuple[str, bytes]] = []
    draw, seen = random.Random(_SEED), 0
    for split in (RANKING, VALIDATION, EVAL):
        for record in read_records(examples / f"Split-{split}"):
            seen += 1
            if len(chosen) < count:
                chosen.append((split, record))
            elif (place := draw.randrange(seen)) < count:
                chosen[place] = (split, record)
    decoded = [(split, decode(record)) for split, record in chosen]
    return [Request(split, _text(row["user_id"][0]), row) for split, row in decoded]


def read_log(job: Job) -> pl.DataFrame:
    """The events of a log in total order, each once, by means of the files alone."""
    columns = ["user_id", "item_id", "event_time", "event_type"]
    parts = []
    for rank, file in enumerate(job.event_files()):
        part = pl.read_parquet(file, columns=columns, hive_partitioning=False)
        order = pl.int_range(pl.len(), dtype=pl.Int64) + (rank << RANK_BITS)
        parts.append(part.with_columns(order=order))
    return (
        pl.concat(parts)
        .sort("event_time", "order")
        .unique(columns, keep="first", maintain_order=True)
    )


def user_differences(
    requests: Sequence[Request], events: pl.DataFrame, settings: Settings
) -> Iterator[tuple[int, str]]:
    """Replays each user's events; number and feature of every row that the fold has differently."""
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for number, request in enumerate(requests):
        waiting[request.user].append(number)
    known = events.filter(pl.col("user_id").is_in(list(waiting)))
    for (user,), log in known.partition_by("user_id", as_dict=True).items():
        history = [
            Event(item, kind, time)
            for item, kind, time in log.select("item_id", "event_type", "event_time").iter_rows()
        ]
        yield from _replay([(n, requests[n]) for n in waiting.pop(user)], history, settings)
    for numbers in waiting.values():
        yield from ((number, "user_id") for number in numbers)


def _replay(
    rows: Sequence[tuple[int, Request]], log: Sequence[Event], settings: Settings
) -> Iterator[tuple[int, str]]:
    shape = settings.examples
    fold = FoldSettings(
        max_history=shape.max_history,
        windows=user_windows(settings.aggregates),
        impression_type=shape.impression_type,
    )
    asked: defaultdict[int, list[tuple[int, Request]]] = defaultdict(list)
    for number, request in rows:
        place = _place(request, log, settings)
        if place is None:
            yield number, "request_time"
        else:
            asked[place].append((number, request))
    state = EMPTY
    for place, event in enumerate(log):
        for number, request in asked.get(place, ()):
            length = shape.history_length if request.split == RANKING else shape.max_history
            shown = snapshot(state, event.event_time, length, fold)
            expected: dict[str, list[object]] = {name: [*shown[name]] for name in _SHOWN}  # type: ignore[literal-required]
            expected["request_time"] = [shown["request_time"]]
            expected |= {name: [value] for name, value in shown["values"].items()}
            yield from (
                (number, name)
                for name, values in expected.items()
                if request.values(name) != values
            )
        state = apply(state, event, fold)


def _place(request: Request, log: Sequence[Event], settings: Settings) -> int | None:
    """Where in its user's log a request stands; None where it stands nowhere."""
    (time,) = request.values("request_time")
    impression = settings.examples.impression_type
    shown = set(request.values("candidate_item_id"))
    target = request.values("target_item_id")
    before = len(request.values("history_item_id"))
    behaviours = 0
    for place, event in enumerate(log):
        is_impression = event.event_type == impression
        if event.event_time == time:
            if request.split == RANKING and is_impression and event.item_id in shown:
                return place
            # Several behaviours may share a second and an item: the history tells them apart.
            whole = before == min(behaviours, settings.examples.max_history)
            if target == [event.item_id] and not is_impression and whole:
                return place
        behaviours += not is_impression
    return None


def item_differences(
    requests: Sequence[Request], events: pl.DataFrame, settings: Settings
) -> Iterator[tuple[int, str]]:
    """Looks candidates up in tiles of nothing but the days before each request."""
    items = events["item_id"].unique().sort()
    types = events["event_type"].unique().sort()
    code = events["item_id"].cast(pl.Enum(items)).to_physical().to_numpy().astype(np.int64)
    kind = events["event_type"].cast(pl.Enum(types)).to_physical().to_numpy().astype(np.int64)
    time = events["event_time"].to_numpy()
    codes = {item: number for number, item in enumerate(items)}
    by_day: defaultdict[int, list[int]] = defaultdict(list)
    for number, request in enumerate(requests):
        by_day[int(str(request.values("request_time")[0])) // DAY].append(number)
    tiles, known = DayTiles.of(code[:0], time[:0], kind[:0]), 0
    for day in sorted(by_day):
        closed = int(np.searchsorted(time, day * DAY))
        added = DayTiles.of(code[known:closed], time[known:closed], kind[known:closed])
        tiles, known = DayTiles.merge([tiles, added]), closed
        for number in by_day[day]:
            candidates = requests[number].values("candidate_item_id")
            item = np.array([codes[str(name)] for name in candidates], np.int64)
            values = tiles.item_values(settings.aggregates, types.to_list(), item, day * DAY)
            yield from (
                (number, name)
                for name, expected in values.items()
                if requests[number].values(name) != expected.tolist()
            )


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
