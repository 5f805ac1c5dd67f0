"""How fresh lists are: from an event to the first list that knows of it, under a steady stream."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import redis

from benchmarks.loop.events import publish, user_name
from benchmarks.loop.redis_server import redis_server
from benchmarks.loop.sizes import Sizes
from benchmarks.loop.throughput import check_alive, consumer, go
from benchmarks.processes import SideError, start
from benchmarks.results import Row, at_least, at_most
from benchmarks.serving.traffic import HISTORY
from benchmarks.serving.workshop import Workshop
from serving.client import RecommenderClient
from serving.stream.exposure_log import ExposureLog
from serving.stream.redis_queue import RedisQueue
from serving.user_client import UserClient
from serving.user_state.redis_store import RedisUserStates
from transform.state import FoldSettings

# The model takes no aggregates.
_FOLD = FoldSettings(max_history=HISTORY)
_P99_MS = 1000.0
_LISTED = 10
_GIVEN_UP_SECONDS = 30.0
_RATE_KEPT = 0.95


def freshness(folder: Path, sizes: Sizes) -> list[Row]:
    """Rows of the time from an event to a changed list, and of the stream beside it."""
    shop = Workshop(folder / "model", sizes.items)
    shop.prepare()
    with (
        redis_server(folder / "redis") as url,
        shop.server("freshness") as (_, server),
        RecommenderClient(server.address) as client,
    ):
        store = RedisUserStates(url)
        # The probed users are nobody else's, so that only the probe changes their lists.
        filled = RedisUserStates(url, timeout_s=60.0)
        publish(filled, _FOLD, sizes.users + sizes.probes, sizes.items)
        said = folder / "freshness.json"
        consuming = consumer(url, sizes.items, 0, 0, said)
        command = [sys.executable, "-m", "benchmarks.loop.load_side", url]
        load = start([*command, *map(str, (sizes.users, sizes.items, sizes.rate))], folder / "load")
        try:
            go(url, [consuming])
            users, log = UserClient(client, store), ExposureLog(RedisQueue(url))
            _wait_for_load(url, load)
            sent, began = _sent(url), time.perf_counter()
            times = []
            for number in range(sizes.probes):
                times.append(1000 * _probe(users, log, user_name(sizes.users + number)))
                time.sleep(sizes.pause_s)
            rate = (_sent(url) - sent) / (time.perf_counter() - began)
            backlog = RedisQueue(url).backlog()
        finally:
            for process in (load, consuming):
                process.terminate()
                process.wait()
    asked = np.array(times)
    return [
        at_most("event to changed list, p99", float(np.percentile(asked, 99)), "ms", _P99_MS),
        Row("event to changed list, median", float(np.median(asked)), "ms"),
        Row("event to changed list, longest", float(asked.max()), "ms"),
        at_least("events a second beside it", rate, "events/s", _RATE_KEPT * sizes.rate),
        Row("events that wait in the end", backlog, "events"),
    ]


def _probe(users: UserClient, log: ExposureLog, user_id: str) -> float:
    """Seconds from the event to the end of the first answer that knows of it."""
    before = users.recommend(user_id, _LISTED)
    if before.source != "model":
        raise SideError(f"the model must answer; received a fallback: {before.reason}")
    top = before.items[0].item_id
    began = time.perf_counter()
    log.happened(user_id, top, "view")
    while True:
        after = users.recommend(user_id, _LISTED)
        passed = time.perf_counter() - began
        if top not in {item.item_id for item in after.items}:
            return passed
        if passed > _GIVEN_UP_SECONDS:
            raise SideError(f"the list of {user_id!r} did not change within {passed:.0f} s")


def _sent(url: str) -> int:
    """Entries that the stream has got."""
    with redis.Redis.from_url(url) as server:
        found = (
            server.xinfo_stream(f"sluice:events:{partition}")
            for partition in range(RedisQueue(url).partitions)
            if server.exists(f"sluice:events:{partition}")
        )
        return sum(int(one["entries-added"]) for one in found)


def _wait_for_load(url: str, load: subprocess.Popen[bytes]) -> None:
    while not _sent(url):
        check_alive([load])
        time.sleep(0.05)
    time.sleep(1.0)
