"""A steady stream of events: `python -m benchmarks.loop.load_side URL USERS ITEMS RATE`.

It ends when it is stopped. Events come in batches of a hundredth of a second.
"""

from __future__ import annotations

import itertools
import sys
import time

from benchmarks.loop.events import messages
from serving.stream.messages import to_bytes
from serving.stream.redis_queue import RedisQueue

_BATCH_SECONDS = 0.01
_SEED = 12


def main() -> None:
    """Sends events, on schedule however long a batch takes."""
    url, (users, items, rate) = sys.argv[1], map(int, sys.argv[2:])
    queue, began = RedisQueue(url), time.perf_counter()
    drawn = messages(sys.maxsize, users, items, _SEED)
    for number in itertools.count(1):
        batch = itertools.islice(drawn, max(1, round(rate * _BATCH_SECONDS)))
        queue.append([(one.user_id, to_bytes(one)) for one in batch])
        time.sleep(max(0.0, began + number * _BATCH_SECONDS - time.perf_counter()))


if __name__ == "__main__":
    main()
