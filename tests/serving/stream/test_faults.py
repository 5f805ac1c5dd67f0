"""Real processes and real kills: nothing is lost, nothing doubled, and the state is a replay's."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import polars as pl
import pytest

from serving.stream.messages import Exposure, Outcome, to_bytes
from serving.stream.queue import QueueError
from serving.stream.redis_queue import RedisQueue
from serving.stream.sqlite_queue import SqliteQueue
from serving.user_state.redis_store import RedisUserStates
from serving.user_state.sqlite_store import SqliteUserStates
from tests.serving.stream.replay import AGGREGATES, EXAMPLES, GENRES
from tests.serving.stream.test_stream import assert_equal_to_a_replay
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
SLUICE = [sys.executable, "-c", "from pipeline.cli import main; main()", "stream"]
NOW = int(time.time())
DAY = 86_400
SETTINGS = {
    "name": "shop",
    "root": "runs",
    "data": {"events": {"path": "runs/stream/log/dt=*"}, "items": {"path": "items.csv"}},
    "features": [
        {"name": "genre", "side": "candidate", "kind": "category", "separator": "|"},
        {"name": "device", "side": "context", "kind": "category"},
    ],
    "aggregates": [one.model_dump(exclude_defaults=True) for one in AGGREGATES],
    "examples": EXAMPLES.model_dump(exclude_defaults=True),
}


class Stage:
    """A pipeline's folder, and the processes that work on its stream."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        (folder / "shop.yaml").write_text(json.dumps(SETTINGS))
        rows = "".join(f"{item},{genre}\n" for item, genre in GENRES.items())
        (folder / "items.csv").write_text("item_id,genre\n" + rows)
        self.stream = folder / "runs" / "stream"
        self.stream.mkdir(parents=True)
        self.running = []

    def queue(self):
        if self.server:
            return RedisQueue(self.server.url, "shop")
        return SqliteQueue(self.stream / "events.sqlite")

    def store(self):
        if self.server:
            return RedisUserStates(self.server.url, "shop")
        return SqliteUserStates(self.stream / "users.sqlite")

    def start(self, verb, *flags):
        """Starts a process and waits until it works."""
        where = ["--redis", self.server.url] if self.server else []
        command = [*SLUICE, verb, "--config", str(self.folder / "shop.yaml"), *where, *flags]
        log = (self.folder / f"{verb}-{len(self.running)}.log").open("w+")
        process = subprocess.Popen(
            command, cwd=ROOT, stderr=log, stdout=log, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        self.running.append(process)
        deadline = time.monotonic() + 120
        while "Ready" not in Path(log.name).read_text():
            assert process.poll() is None, Path(log.name).read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    def finish(self, verb, *flags):
        process = self.start(verb, "--until-idle", *flags)
        assert process.wait(180) == 0


@pytest.fixture(params=["sqlite", "redis"])
def stage(request, tmp_path):
    server = request.getfixturevalue("redis_server") if request.param == "redis" else None
    made = Stage(tmp_path, server)
    yield made
    for process in made.running:
        process.kill()
        process.wait(20)


class Producer(threading.Thread):
    """Sends messages until it is told to end: late, early, of wrong clocks, disordered, twice."""

    def __init__(self, stage):
        super().__init__()
        self._queue, self._stage = stage.queue(), stage
        self._random = random.Random(5)
        self.ending = threading.Event()
        self.good, self.poison, self.entries = {}, set(), 0

    def run(self):
        while not self.ending.is_set():
            batch = [self._message() for _ in range(40)]
            batch += self._random.choices(batch, k=4)
            self._random.shuffle(batch)
            self._send(batch)
            time.sleep(0.03)
        self._queue.close()

    def _send(self, batch):
        while True:
            try:
                self._queue.append(batch)
                self.entries += len(batch)
                return
            except QueueError:
                time.sleep(0.05)  # whether it has them is unknown: once more

    def _message(self):
        chance, number = self._random, len(self.good) + len(self.poison)
        user, name = f"u{chance.randrange(30)}", f"{chance.randrange(16**4):04x}-{number}"
        at = int(time.time()) + chance.choice([0, 0, 0, -5, 3000, -3 * DAY, -6 * DAY])
        if chance.random() < 0.05:
            payload = chance.choice(
                [b"{%d" % number, to_bytes(Outcome(name, user, "a", "view", at + 9 * DAY))]
            )
            self.poison.add(payload)
            return user, payload
        if chance.random() < 0.3:
            items = tuple(chance.sample(sorted(GENRES), 3))
            message, ids = Exposure(name, user, at, items), [f"{name}#{n}" for n in range(3)]
        else:
            message = Outcome(name, user, chance.choice("abcd"), chance.choice(["view", "buy"]), at)
            ids = [name]
        self.good[name] = ids
        return user, to_bytes(message)


def test_kills_lose_nothing_and_double_nothing(stage):
    flags = {
        "consume 1": ("consume", *(["--share", "1/2"] if stage.server else [])),
        "consume 2": ("consume", "--share", "2/2"),
        "compact": ("compact", "--seconds", "0"),
    }
    if not stage.server:
        del flags["consume 2"]
    working = {name: stage.start(*how) for name, how in flags.items()}
    producer = Producer(stage)
    producer.start()
    for name, how in flags.items():
        time.sleep(0.2)
        working[name].kill()
        if stage.server and name == "compact":
            stage.server.kill()
            time.sleep(0.2)
            stage.server.start()
        working[name] = stage.start(*how)
    time.sleep(0.2)
    producer.ending.set()
    producer.join(60)
    assert all(process.poll() is None for process in working.values())
    for process in working.values():
        process.kill()
        process.wait(20)
    stage.finish("consume")
    stage.finish("compact")

    queue, store, log = stage.queue(), stage.store(), stage.stream / "log"
    events = assert_equal_to_a_replay(store, log)
    assert set(events["event_id"]) == {one for ids in producer.good.values() for one in ids}
    letters = queue.dead_letters()
    assert {letter.entry.payload for letter in letters} == producer.poison
    assert len({letter.entry.position + str(letter.entry.partition) for letter in letters}) == len(
        letters
    )
    assert queue.backlog() == 0
    assert len(sorted(log.glob("dt=*/*"))) > 2
    if not stage.server:  # no answer was lost there, so it is known how many entries there are
        rows = pl.read_parquet(log / "dt=*" / "*")
        lists = rows.filter(event_type="impression").height // 3
        assert len(letters) + lists + rows.filter(pl.col("event_type") != "impression").height == (
            producer.entries
        )
    queue.close()
    store.close()


def test_a_consumer_that_is_asked_to_end_finishes_its_batch(stage):
    queue = stage.queue()
    queue.append([("ann", to_bytes(Outcome(f"e{n}", "ann", "a", "view", NOW))) for n in range(500)])
    process = stage.start("consume")
    wait_until(lambda: not queue.backlog())
    process.terminate()
    assert process.wait(60) == 0
    queue.close()
