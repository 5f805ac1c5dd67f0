"""What processes tell Prometheus in good and bad states: real ones, asked as Prometheus asks."""

import contextlib
import sqlite3
import time

import grpc

from components.traffic.measure import measure
from components.traffic.metrics import TrafficMetrics
from components.traffic.rows import read_rows
from components.traffic.span import Span
from serving.model_server.admission import Admission
from serving.model_server.errors import RequestError
from serving.model_server.metrics import Metrics
from serving.stream.compactor import Compactor
from serving.stream.consumer import Consumer
from serving.stream.log_files import EventLogFiles
from serving.stream.messages import Exposure, Outcome, to_bytes
from serving.stream.metrics import CompactorMetrics, ConsumerMetrics, QueueMetrics
from serving.stream.redis_queue import RedisQueue
from serving.stream.sqlite_queue import SqliteQueue
from serving.user_state.sqlite_store import SqliteUserStates
from tests.components.traffic import logs
from tests.exposition import told
from tests.serving.stream.replay import CATEGORIES, PUBLICATION

_CALLS = 200  # among which a single slow one is none too many


class Server:
    """The counters of a model server that was called and has loaded a version."""

    def __init__(self, folder):
        self._metrics = Metrics()
        self._folder = folder
        for code in (None, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE):
            self.call(code)
        self.refuse()
        for error in (None, OSError):
            self.load(error)

    def call(self, code=None, seconds=0.0):
        with (
            contextlib.suppress(RequestError),
            self._metrics.call("recommender", "Predict", "GRPC"),
            self._metrics.computing("recommender", "Predict", 1),
        ):
            time.sleep(seconds)
            if code is not None:
                raise RequestError(code, "")

    def refuse(self):
        """A call finds as many as may be answered or wait."""
        with contextlib.suppress(RequestError), Admission(0, self._metrics).admitted():
            pass

    def calls(self):
        for _ in range(_CALLS):
            self.call()

    def load(self, error=None):
        def loading(path, version):
            if error:
                raise error

        with contextlib.suppress(OSError):
            self._metrics.loading(loading)(self._folder, 1)

    def told(self):
        return self._metrics.exposition().decode()


class Stream:
    """A stream in SQLite files, with its consumer and its compactor."""

    def __init__(self, folder):
        self._file = folder / "events"
        self.queue = SqliteQueue(self._file)
        self.store = SqliteUserStates(folder / "users")
        self.store.publish(PUBLICATION)
        self.consumer = Consumer(self.queue, self.store, CATEGORIES)
        self.compactor = Compactor(self.queue, EventLogFiles(folder / "log", "impression", []))
        self._asked = self.queue

    def send(self, messages, age=0):
        """Entries that arrived so long ago, seconds."""
        self.queue.append(messages)
        with sqlite3.connect(self._file) as connection:
            connection.execute("UPDATE entries SET arrival = ?", (int(time.time()) - age,))

    def events(self, users):
        now = int(time.time())
        sent = [Outcome(f"e{now}", user, "a", "view", now) for user in users]
        return [(one.user_id, to_bytes(one)) for one in sent]

    def lose(self):
        """The server of the stream is gone."""
        self._asked = RedisQueue("redis://127.0.0.1:1/0", timeout_s=0.2)

    def damage(self, user):
        """A record of the store becomes unreadable."""
        self.store._connection.execute("INSERT INTO users VALUES (?, 1, ?)", (user, b"\x08"))

    def told(self):
        return told(
            QueueMetrics(self._asked, range(self.queue.partitions)),
            ConsumerMetrics(self.consumer),
            CompactorMetrics(self.compactor),
        )


def traffic(folder):
    """Measures of a small log on which nothing is wrong."""
    messages = []
    for user in range(400):
        at = logs.NOW - 10 * logs.HOUR + user
        for shown_at in (at - 3 * 86_400, at):
            # Of a list's four items one is promised and taken, each of them equally often.
            messages.append(logs.shown(f"u{user}", shown_at, "abcd", [0.4, 0.3, 0.2, 0.1]))
            taken = "aaaabbbccd"[user % 10]
            messages.append(logs.did(f"u{user}", shown_at + 60, taken))
    span = Span(logs.NOW, 24, 7, 6)
    rows = read_rows(logs.write(folder, messages), span, "impression", 10**6)
    now = int(time.time())
    return measure(rows, span, 100, int).model_copy(update={"measured_at": now, "last_event": now})


def told_of(measured):
    """What a watch tells of some measures."""
    metrics = TrafficMetrics()
    metrics.latest = measured
    return told(metrics)


def exposures(users):
    """Lists of two items."""
    now = int(time.time())
    shown = [Exposure(f"r-{user}", user, now, ("a", "b")) for user in users]
    return [(one.user_id, to_bytes(one)) for one in shown]
