"""What the processes of a stream tell Prometheus, asked at the moment it asks.

The stream itself is asked through a connection of its own: a process that hangs, or has fallen
behind, still says so. Arrivals are kept to the second, so every age is up to a second too long.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from serving.stream.compactor import Compactor
from serving.stream.consumer import Consumer
from serving.stream.parsing import REASONS
from serving.stream.queue import EventQueue, QueueError

# Of the stream, by partition; the compactor tells them too, so a dead consumer is not silent.
QUEUE_UP = "sluice_stream_queue_up"
BACKLOG = "sluice_stream_backlog_entries"
WAITING = "sluice_stream_waiting_seconds"
# Of a consumer.
ENTRIES = "sluice_stream_consumed_entries_total"
EVENTS = "sluice_stream_consumed_events_total"
DEAD_LETTERS = "sluice_stream_dead_letters_total"
FRESHNESS = "sluice_stream_freshness_seconds"
DAMAGED = "sluice_stream_damaged_states"
# Of a compactor.
LOGGED = "sluice_stream_logged_entries_total"
LOG_WAITING = "sluice_stream_log_waiting_seconds"
# Of both.
FAILURES = "sluice_stream_failures_total"


class QueueMetrics(Collector):
    """How much waits in a stream, and for how long.

    Args:
        queue: The stream.
        partitions: Those that are told.
    """

    def __init__(self, queue: EventQueue, partitions: Sequence[int]) -> None:
        self._queue, self._partitions = queue, partitions

    def collect(self) -> Iterator[Metric]:
        """See `Collector`. Where the stream does not answer, only that is told."""
        up = GaugeMetricFamily(QUEUE_UP, "1 where the stream answers, else 0.")
        backlog = GaugeMetricFamily(
            BACKLOG, "Entries that are not applied yet.", labels=["partition"]
        )
        waiting = GaugeMetricFamily(
            WAITING, "Age of the oldest entry that is not applied yet.", labels=["partition"]
        )
        try:
            for partition in self._partitions:
                name = [str(partition)]
                backlog.add_metric(name, self._queue.backlog([partition]))
                waiting.add_metric(name, _age(self._queue.waiting_since(partition)))
        except QueueError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield from (up, backlog, waiting)


class ConsumerMetrics(Collector):
    """What a consumer has done.

    Args:
        consumer: The consumer.
    """

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        done = self._consumer.consumed
        yield CounterMetricFamily(ENTRIES, "Entries that were acknowledged.", done.entries)
        yield CounterMetricFamily(EVENTS, "Events in them; a list of ten is ten.", done.events)
        dead = CounterMetricFamily(DEAD_LETTERS, "Entries that are no event.", labels=["reason"])
        for reason in REASONS:  # from 0 on: Prometheus misses the first of a series that appears
            dead.add_metric([reason], done.dead_letters[reason])
        yield dead
        waits = done.waits
        yield HistogramMetricFamily(
            FRESHNESS,
            "From the arrival of an entry until every read of the user's state shows it.",
            waits.buckets(),
            waits.total_s,
        )
        yield _failures(done.failures)
        yield GaugeMetricFamily(
            DAMAGED, "Users whose stored state cannot be read.", self._consumer.damaged
        )


class CompactorMetrics(Collector):
    """What a compactor has done.

    Args:
        compactor: The compactor.
    """

    def __init__(self, compactor: Compactor) -> None:
        self._compactor = compactor

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        done = self._compactor.compacted
        yield CounterMetricFamily(LOGGED, "Entries that the log holds.", done.entries)
        yield GaugeMetricFamily(
            LOG_WAITING,
            "Age of the oldest entry that was read and is not in the log yet.",
            _age(self._compactor.waiting_since),
        )
        yield _failures(done.failures)


def _failures(count: int) -> CounterMetricFamily:
    return CounterMetricFamily(FAILURES, "Times that stream or store did not answer.", count)


def _age(since: int | None) -> float:
    return 0.0 if since is None else max(0.0, time.time() - since)
