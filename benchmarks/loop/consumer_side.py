"""A consumer, measured: `python -m benchmarks.loop.consumer_side URL ITEMS NUMBER OF SAID`.

It waits for the key `go`, and consumes until nothing is left (OF above 0) or it is stopped (OF 0).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import redis

from benchmarks.loop.events import categories
from benchmarks.said import report
from serving.stream.consumer import Consumer
from serving.stream.redis_queue import RedisQueue
from serving.user_state.redis_store import RedisUserStates


def main() -> None:
    """Consumes, and reports seconds, seconds of the processor and events."""
    url, items, number, consumers, said = sys.argv[1:]
    share = (int(number), max(1, int(consumers)))
    store = RedisUserStates(url, timeout_s=30.0)
    consumer = Consumer(RedisQueue(url), store, categories(int(items)), share)
    signal.signal(signal.SIGTERM, lambda *_: consumer.stop())
    server = redis.Redis.from_url(url)
    server.incr("ready")
    while not server.exists("go"):
        time.sleep(0.001)
    began = time.perf_counter(), os.times()
    consumer.run(until_idle=int(consumers) > 0)
    spent = os.times()
    report(
        Path(said),
        seconds=time.perf_counter() - began[0],
        cpu_seconds=spent.user + spent.system - began[1].user - began[1].system,
        events=consumer.consumed.events,
        entries=consumer.consumed.entries,
    )


if __name__ == "__main__":
    main()
