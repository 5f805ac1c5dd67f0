"""What consumer and compactor tell Prometheus, over HTTP, of real queues and stores."""

import time
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.exposition import expose
from serving.stream import metrics, parsing
from serving.stream.compactor import Compactor
from serving.stream.consumer import Consumer
from serving.stream.log_files import EventLogFiles
from serving.stream.messages import Exposure, Outcome, to_bytes
from serving.stream.parsing import NO_JSON, REASONS
from serving.stream.queue import QueueError
from serving.stream.redis_queue import RedisQueue
from serving.stream.waits import Waits
from tests.serving.stream.replay import CATEGORIES, PUBLICATION

NOW = int(time.time())


def told(*collectors):
    """(name, labels as text) -> value, as Prometheus reads it."""
    port = expose(collectors, "127.0.0.1", 0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def send(queue, users):
    messages = [Exposure(f"r-{user}", user, NOW, ("a", "b")) for user in users]
    queue.append([(one.user_id, to_bytes(one)) for one in messages])


def test_waiting_and_applied_entries_are_told(place, queue, store):
    store.publish(PUBLICATION)
    send(queue, ["ann", "bob", "cid", "dan"])
    queue.append([("ann", b"?")])
    consumer = Consumer(queue, store, CATEGORIES)
    collectors = [
        metrics.QueueMetrics(place.queue(), range(queue.partitions)),
        metrics.ConsumerMetrics(consumer),
    ]
    before = told(*collectors)
    backlog = [before[metrics.BACKLOG, str(part)] for part in range(queue.partitions)]
    assert sum(backlog) == 5
    waits = [before[metrics.WAITING, str(part)] for part in range(queue.partitions)]
    assert [wait > 0 for wait in waits] == [count > 0 for count in backlog]
    assert before[metrics.QUEUE_UP, ""] == 1
    dead = {reason: before[metrics.DEAD_LETTERS, reason] for reason in REASONS}
    assert dead == dict.fromkeys(REASONS, 0)  # a rate needs the 0 that went before
    consumer.run(until_idle=True)
    after = told(*collectors)
    assert after[metrics.ENTRIES, ""] == after[f"{metrics.FRESHNESS}_count", ""] == 5
    assert after[metrics.EVENTS, ""] == 8
    assert after[metrics.DEAD_LETTERS, NO_JSON] == 1
    assert after[f"{metrics.FRESHNESS}_bucket", "+Inf"] == 5
    assert after[f"{metrics.FRESHNESS}_sum", ""] > 0
    assert after[metrics.FAILURES, ""] == after[metrics.DAMAGED, ""] == 0
    for part in range(queue.partitions):
        assert after[metrics.BACKLOG, str(part)] == after[metrics.WAITING, str(part)] == 0


def test_what_was_read_and_not_acknowledged_still_waits(queue, store):
    store.publish(PUBLICATION)
    send(queue, ["ann"])
    partitions = range(queue.partitions)
    arrivals = [queue.waiting_since(part) for part in partitions]
    entries = queue.read(partitions, 10, 0.0)
    assert [queue.waiting_since(part) for part in partitions] == arrivals
    assert [one for one in arrivals if one] == [entry.arrival for entry in entries]
    queue.acknowledge(entries, [])
    assert {queue.waiting_since(part) for part in partitions} == {None}


def test_what_is_not_in_the_log_yet_is_told(queue, tmp_path):
    send(queue, ["ann", "bob"])
    files = EventLogFiles(tmp_path, "impression", [])
    compactor = Compactor(queue, files, seconds=1e9)
    compactor.step()
    collector = metrics.CompactorMetrics(compactor)
    before = told(collector)
    assert before[metrics.LOG_WAITING, ""] > 0
    assert before[metrics.LOGGED, ""] == 0
    compactor.flush()
    files.close()
    after = told(collector)
    assert (after[metrics.LOG_WAITING, ""], after[metrics.LOGGED, ""]) == (0, 2)


def test_a_stream_that_is_gone_is_told_and_nothing_is_made_up():
    gone = RedisQueue("redis://127.0.0.1:1/0", timeout_s=0.2)
    with pytest.raises(QueueError):
        gone.waiting_since(0)
    assert told(metrics.QueueMetrics(gone, [0, 1])) == {(metrics.QUEUE_UP, ""): 0}


def test_failures_are_counted_and_what_failed_is_tried_again(queue, store):
    store.publish(PUBLICATION)
    send(queue, ["ann"])
    consumer = Consumer(queue, store, CATEGORIES)
    read, answers = queue.read, iter([QueueError("gone"), QueueError("gone")])

    def failing(*arguments):
        for error in answers:
            raise error
        return read(*arguments)

    queue.read = failing
    consumer.run(until_idle=True)
    found = told(metrics.ConsumerMetrics(consumer))
    assert (found[metrics.FAILURES, ""], found[metrics.ENTRIES, ""]) == (2, 1)


def test_waits_are_counted_in_the_class_that_holds_them():
    waits = Waits()
    waits.add(-3.0, 1)  # clocks differ
    waits.add(1.0, 2)
    waits.add(1.1, 4)
    waits.add(1e9, 8)
    counts = dict(waits.buckets())
    assert (counts["1.0"], counts["2.0"], counts["86400.0"], counts["+Inf"]) == (3, 7, 7, 15)
    assert waits.total_s == pytest.approx(2 + 4.4 + 8e9)


def test_every_reason_for_a_dead_letter_is_told(queue, store):
    """One that the list lacks would be counted nowhere."""
    texts = {value for name, value in vars(parsing).items() if name.isupper() and name[0] != "_"}
    assert {text for text in texts if isinstance(text, str) and " " in text} == set(REASONS)
    store.publish(PUBLICATION)
    outcome = Outcome("e#1", "ann", "a", "view", NOW)
    queue.append([("ann", to_bytes(outcome)), ("ann", b"[]"), ("ann", b'{"kind": 1}')])
    consumer = Consumer(queue, store, CATEGORIES)
    consumer.run(until_idle=True)
    found = told(metrics.ConsumerMetrics(consumer))
    assert sum(found[metrics.DEAD_LETTERS, reason] for reason in REASONS) == 3
