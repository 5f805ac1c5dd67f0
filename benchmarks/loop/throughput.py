"""How fast consumers are: a backlog, consumed and folded to the last event."""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from benchmarks.loop.events import FOLD, messages, publish
from benchmarks.loop.redis_server import redis_server
from benchmarks.loop.sizes import Sizes
from benchmarks.processes import SideError, start
from benchmarks.results import Row, at_least, at_most
from serving.stream.messages import to_bytes
from serving.stream.redis_queue import RedisQueue
from serving.user_state.redis_store import RedisUserStates

_EVENTS_A_SECOND = 10_000
_LINEAR = 0.9  # of two consumers, each must be so fast as one alone
_CPU_GROWTH = 1.1
_AT_ONCE = 1000
_LOOK_SECONDS = 0.2  # looking takes milliseconds from Redis and from the consumers
_SEED = 11
_DAY = 86_400


@dataclass(frozen=True)
class Run:
    """One backlog, consumed.

    Attributes:
        events: Events in it; a list of ten items is ten.
        entries: Messages in it.
        applied_s: Until a read of any user shows all of them.
        folded_s: Until all states are folded and written.
        cpu_s: Seconds of the processor, of all consumers.
        redis_s: Seconds of the processor, of Redis meanwhile.
        counted: Events that the counts of items hold in the end.
    """

    events: int
    entries: int
    applied_s: float
    folded_s: float
    cpu_s: float
    redis_s: float
    counted: int


def throughput(folder: Path, sizes: Sizes) -> list[Row]:
    """Rows of one and of two consumers, and of lists among the messages."""
    kinds = ((1, False), (2, False), (1, True))
    # One after the other, so that a slow minute of the machine does not meet one kind alone.
    rounds = [
        [consume(folder, sizes, n, lists=with_lists) for n, with_lists in kinds]
        for _ in range(sizes.repeats)
    ]
    one, two, lists = zip(*rounds, strict=True)
    return judge(one, two, lists)


def judge(one: Sequence[Run], two: Sequence[Run], lists: Sequence[Run]) -> list[Row]:
    """The rows of what was measured with one consumer, with two, and with lists among events."""
    wrong = sum(abs(run.counted - run.events) for run in (*one, *two, *lists))
    unit = "events/s"
    return [
        at_least("one consumer on one core, all folded", _rate(one), unit, _EVENTS_A_SECOND),
        Row(
            "one consumer, until every read shows them",
            _middle(one, lambda run: run.events / run.applied_s),
            unit,
        ),
        Row("one consumer, a tenth of the messages lists of ten", _rate(lists), unit),
        at_least("two consumers over one", _rate(two) / _rate(one), "x", 2 * _LINEAR),
        Row("processor time of a consumer an event, one", _cpu_us(one), "us"),
        at_most("the same, two over one", _cpu_us(two) / _cpu_us(one), "x", _CPU_GROWTH),
        Row("processor time of Redis an event, one", _redis_us(one), "us"),
        at_most("events lost or doubled", wrong, "events", 0),
    ]


def consume(folder: Path, sizes: Sizes, consumers: int, *, lists: bool) -> Run:
    """Fills a stream, and lets consumers work it off."""
    with redis_server(folder / "redis") as url:
        store = RedisUserStates(url, timeout_s=60.0)
        publish(store, FOLD, sizes.users, sizes.items)
        events, days = _fill(url, sizes, lists)
        sides = [folder / f"consumer-{number}.json" for number in range(consumers)]
        processes = [
            consumer(url, sizes.items, number, consumers, said) for number, said in enumerate(sides)
        ]
        go(url, processes)
        began, redis_began = time.perf_counter(), _cpu_of_redis(url)
        queue = RedisQueue(url)
        while queue.backlog():
            check_alive(processes)
            time.sleep(_LOOK_SECONDS)
        applied = time.perf_counter() - began
        for process, said in zip(processes, sides, strict=True):
            if process.wait():
                raise SideError(f"a consumer must end with code 0; see {said.with_suffix('.log')}")
        redis_s = _cpu_of_redis(url) - redis_began
        done = [json.loads(said.read_text()) for said in sides]
        counted = sum(sum(store.item_counts(day).values()) for day in days)
        return Run(
            events,
            sum(one["entries"] for one in done),
            applied,
            max(one["seconds"] for one in done),
            sum(one["cpu_seconds"] for one in done),
            redis_s,
            counted,
        )


def consumer(
    url: str, items: int, number: int, consumers: int, said: Path
) -> subprocess.Popen[bytes]:
    """Starts a consumer, which waits for `go`; of 0 consumers it is one that runs until stopped."""
    said.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.loop.consumer_side", url, items, number, consumers]
    return start([*map(str, command), said], said.with_suffix(".log"))


def go(url: str, consumers: Sequence[subprocess.Popen[bytes]]) -> None:
    """Waits for consumers, and lets them begin."""
    with redis.Redis.from_url(url) as server:
        while int(server.get("ready") or 0) < len(consumers):
            check_alive(consumers)
            time.sleep(0.01)
        server.set("go", 1)


def check_alive(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Raises `SideError` where one has failed: nobody would do its work."""
    for process in processes:
        if process.poll():
            raise SideError(
                f"{process.args!r} must not fail. Received: code {process.returncode}; its log is "
                "beside its report"
            )


def _fill(url: str, sizes: Sizes, lists: bool) -> tuple[int, set[int]]:
    """Fills the stream; gives the number of events, and their days."""
    queue, events, days = RedisQueue(url, timeout_s=60.0), 0, set()
    drawn = messages(sizes.events, sizes.users, sizes.items, _SEED, lists=lists)
    while batch := list(itertools.islice(drawn, _AT_ONCE)):
        queue.append([(one.user_id, to_bytes(one)) for one in batch])
        events += sum(len(getattr(one, "item_ids", (None,))) for one in batch)
        days |= {one.event_time // _DAY for one in batch}
    return events, days


def _rate(runs: Sequence[Run]) -> float:
    """Events a second, until all are folded."""
    return _middle(runs, lambda run: run.events / run.folded_s)


def _cpu_us(runs: Sequence[Run]) -> float:
    """Microseconds of the processor an event."""
    return _middle(runs, lambda run: 1e6 * run.cpu_s / run.events)


def _redis_us(runs: Sequence[Run]) -> float:
    """The same of Redis."""
    return _middle(runs, lambda run: 1e6 * run.redis_s / run.events)


def _cpu_of_redis(url: str) -> float:
    """Seconds of the processor that a server has had."""
    with redis.Redis.from_url(url) as server:
        spent: Any = server.info("cpu")
    return float(spent["used_cpu_user"] + spent["used_cpu_sys"])


def _middle(runs: Sequence[Run], figure: Callable[[Run], float]) -> float:
    return statistics.median(map(figure, runs))
